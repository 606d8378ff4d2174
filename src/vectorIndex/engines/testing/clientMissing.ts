import { InputError } from '../../../errors.js';
import { loadClient } from '../loadClient.js';

/** Why an engine cannot be tested: its client is not installed. */
export async function clientMissing(name: string): Promise<string | undefined> {
  try {
    await loadClient(name);
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `${name} is not installed: npm --prefix scripts/integration install`;
  }
}
