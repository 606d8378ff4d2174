/** Where the run that is served comes from: a folder or link of this machine, or an address. */
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunControl } from '../../progress.js';
import { RemoteRun } from '../../run/remoteRun.js';
import { isRunAddress } from '../../run/runAddress.js';

export interface RunSource {
  /** Whether the folder is a copy, which nothing but the run may be written into. */
  readonly isCopy: boolean;
  /** Changes whenever another run may be there. */
  signature(signal?: AbortSignal): Promise<string>;
  /** The real folder of the run that is there now. */
  folder(control?: RunControl): Promise<string>;
}

/** @throws InputError for a malformed address */
export function runSource(place: string): RunSource {
  if (isRunAddress(place)) {
    const remote = new RemoteRun(place);
    return {
      isCopy: true,
      signature: (signal) => remote.signature(signal),
      folder: (control) => remote.fetch(control),
    };
  }
  return {
    isCopy: false,
    /** That the run's manifest was written, or that the folder is a link to another run. */
    async signature() {
      const folder = await realpath(place).catch(() => '');
      const info = await stat(join(folder, 'run.json')).catch(() => undefined);
      return `${folder} ${info?.ino} ${info?.mtimeMs}`;
    },
    folder: () => realpath(place).catch(() => place),
  };
}
