import { lazyArray } from '../lazyArray.js';
import { memoryForItems, memoryOfItem } from '../memory.js';
import type { Item } from './item.js';
import { ItemFile, LineStarts } from './itemFile.js';
import { Spool } from './spool.js';

/** Bytes written at once. */
const WRITTEN = 2 ** 20;

/** Collects the items of a catalog, in memory as long as they fit there, then all of them in a file. */
export class ItemStore {
  readonly #memory: Item[] = [];
  /** What they take there. */
  #bytes = 0;
  readonly #most = memoryForItems();
  #spool: Spool | undefined;
  readonly #starts = new LineStarts();
  /** Lines that are not written yet, those from row `#first` on. */
  #lines: string[] = [];
  #pending: Item[] = [];
  #pendingBytes = 0;
  #file: ItemFile | undefined;

  /** @param folder for a file (none: all stay in memory) */
  constructor(private readonly folder?: string) {}

  get length(): number {
    return this.#spool ? this.#starts.lines : this.#memory.length;
  }

  add(item: Item): void {
    if (this.#spool) {
      this.#append(item);
      return;
    }
    this.#memory.push(item);
    if (this.folder === undefined) return;
    this.#bytes += memoryOfItem(roughBytes(item));
    if (this.#bytes <= this.#most) return;
    this.#spool = Spool.in(this.folder);
    for (const held of this.#memory.splice(0)) this.#append(held);
  }

  at(row: number): Item {
    if (!this.#spool) return this.#memory[row];
    const first = this.#starts.lines - this.#pending.length;
    if (row >= first) return this.#pending[row - first];
    this.#file ??= new ItemFile(this.#spool.descriptor, this.#starts, 'the catalog');
    return this.#file.at(row);
  }

  /** All of them; nothing is added later. */
  finish(): readonly Item[] {
    if (!this.#spool) return this.#memory;
    this.#flush();
    return lazyArray(new ItemFile(this.#spool.descriptor, this.#starts, 'the catalog'));
  }

  /** Closes the file, where there is one. */
  close(): void {
    this.#spool?.close();
  }

  #append(item: Item): void {
    const line = `${JSON.stringify(item)}\n`;
    const bytes = Buffer.byteLength(line);
    this.#starts.add(bytes);
    this.#lines.push(line);
    this.#pending.push(item);
    this.#pendingBytes += bytes;
    if (this.#pendingBytes >= WRITTEN) this.#flush();
  }

  #flush(): void {
    this.#spool!.append(Buffer.from(this.#lines.join('')));
    this.#lines = [];
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}

/** About how long its JSON is. */
function roughBytes({ text, title, metadata }: Item): number {
  let bytes = 60 + text.length + title.length;
  for (const name in metadata) {
    const value = metadata[name];
    bytes += 8 + name.length + (typeof value === 'string' || Array.isArray(value) ? value.length : 8);
  }
  return bytes;
}
