import { createHash } from 'node:crypto';

/** A fingerprint of rows in whatever order they come: a database promises none. */
export class RowHash {
  readonly #sum = new Uint32Array(8);
  #rows = 0;

  add(row: unknown): void {
    const digest = createHash('sha256').update(JSON.stringify(row)).digest();
    for (let i = 0; i < this.#sum.length; i++) this.#sum[i] += digest.readUInt32LE(4 * i);
    this.#rows++;
  }

  /** In hexadecimal. */
  get sha256(): string {
    return createHash('sha256').update(`${this.#rows}:`).update(Buffer.from(this.#sum.buffer)).digest('hex');
  }
}
