import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeError } from '../files.js';

let spools = 0;

/** A file of what a process need not hold in memory. It has no name any more when it is made, so that it goes with the process. */
export class Spool {
  #length = 0;

  private constructor(
    readonly descriptor: number,
    private readonly folder: string,
  ) {}

  /** @throws WriteError if nothing may be written in the folder */
  static in(folder: string): Spool {
    const file = join(folder, `.catalog.${process.pid}.${spools++}.tmp`);
    try {
      mkdirSync(folder, { recursive: true });
      const descriptor = openSync(file, 'wx+');
      rmSync(file);
      return new Spool(descriptor, folder);
    } catch (error) {
      throw writeError(error, folder);
    }
  }

  /** @throws WriteError if the disk is full */
  append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.descriptor, bytes, done, bytes.length - done, this.#length + done);
    } catch (error) {
      throw writeError(error, this.folder);
    }
    this.#length += bytes.length;
  }

  /** Fills `into` from the place `at` on. */
  read(into: Uint8Array, at: number): void {
    for (let done = 0; done < into.length; ) {
      const bytes = readSync(this.descriptor, into, done, into.length - done, at + done);
      if (bytes === 0) throw new RangeError('reads past the end of what was written');
      done += bytes;
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
