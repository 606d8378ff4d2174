import { grown } from '../grown.js';

/** Entries by a hash, several of which may be equal: 16 to 24 bytes each, outside the JavaScript heap. */
export class HashTable {
  /** The hash of each entry, in the order in which they came. */
  #hashes = new Float64Array(64);
  /** Number of an entry + 1 at the first free place from where its hash says; 0 where there is none. At most half full. */
  #places = new Int32Array(128);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of the first entry of this hash that `matches`; -1 if there is none. */
  find(hash: number, matches: (entry: number) => boolean): number {
    const places = this.#places;
    for (let at = hash % places.length; places[at] !== 0; at = (at + 1) % places.length) {
      const entry = places[at] - 1;
      if (this.#hashes[entry] === hash && matches(entry)) return entry;
    }
    return -1;
  }

  /** @returns the number of the new entry: how many there were before */
  add(hash: number): number {
    if (2 * (this.#size + 1) > this.#places.length) this.#grow();
    this.#hashes[this.#size] = hash;
    this.#put(this.#size);
    return this.#size++;
  }

  #grow(): void {
    this.#hashes = grown(this.#hashes);
    this.#places = new Int32Array(2 * this.#places.length);
    for (let entry = 0; entry < this.#size; entry++) this.#put(entry);
  }

  #put(entry: number): void {
    const places = this.#places;
    let at = this.#hashes[entry] % places.length;
    while (places[at] !== 0) at = (at + 1) % places.length;
    places[at] = entry + 1;
  }
}
