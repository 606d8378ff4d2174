/** Which pages of other sites may call the service from a browser. */
import { InputError } from '../../errors.js';

/** @throws InputError for what is no origin, and for every page where no keys are asked for */
export function checkOrigins(origins: readonly string[], hasKeys: boolean): readonly string[] {
  for (const origin of origins) {
    if (origin === '*') {
      if (hasKeys) continue;
      throw new InputError(
        'is "*": then every page that you open could change the items; name the origins, or give API keys',
        { field: 'cors' },
      );
    }
    if (!isOrigin(origin)) {
      throw new InputError(`"${origin}" is no origin; write it like https://shop.example.com`, {
        field: 'cors',
      });
    }
  }
  return origins;
}

function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}
