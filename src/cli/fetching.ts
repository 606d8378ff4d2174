/** What commands say while they fetch a run from an address. */
import type { RunControl } from '../progress.js';
import { isRunAddress } from '../run/runAddress.js';
import type { CliIo } from './io.js';
import { showProgress } from './progress/showProgress.js';

/** Does the work, and shows its progress where the run is at an address. */
export async function fetching<T>(
  run: string,
  io: CliIo,
  work: (control: RunControl) => Promise<T>,
): Promise<T> {
  const { signal } = io;
  if (!isRunAddress(run)) return work({ signal });
  const progress = showProgress(io, { json: false });
  try {
    return await work({ signal, onProgress: progress.onProgress });
  } finally {
    progress.close();
  }
}
