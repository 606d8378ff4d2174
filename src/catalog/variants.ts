import type { PlainRecord } from './cleanRecord.js';
import type { MetadataValue } from './item.js';

/** A record that may stand for several, with where the first of them is. */
export interface Merged {
  readonly record: PlainRecord;
  readonly file: string;
  readonly line: number;
  /** The ids of the records it stands for, each once. */
  readonly ids: string[];
}

type Scalar = string | number | boolean;

/**
 * Joins the records of one group, variants of one product: what is the same in all is kept once, what differs becomes a list (sizes,
 * prices, SKUs). Fields of which an item has one value, such as the title, are the first record's that has them.
 *
 * A record without a group is alone, or the parent of those that name it. The order is that in which groups appear. All are held in memory.
 */
export class Variants {
  readonly #groups = new Map<string, Merged>();
  readonly #records: Merged[] = [];
  #joined = 0;

  constructor(
    /** The group, or what a group may call this record as its parent. */
    private readonly keysOf: (record: PlainRecord) => readonly string[],
    private readonly single: ReadonlySet<string>,
  ) {}

  add(next: Merged): void {
    const keys = this.keysOf(next.record);
    const first = keys.map((key) => this.#groups.get(key)).find((group) => group !== undefined);
    for (const key of keys) this.#groups.set(key, first ?? next);
    if (first === undefined) {
      this.#records.push(next);
      return;
    }
    for (const id of next.ids) if (!first.ids.includes(id)) first.ids.push(id);
    this.#joined++;
    for (const [name, value] of Object.entries(next.record)) {
      const kept = first.record[name];
      if (isNone(kept)) first.record[name] = value;
      else if (!isNone(value) && !this.single.has(name)) first.record[name] = union(kept, value);
    }
  }

  get records(): readonly Merged[] {
    return this.#records;
  }

  /** Records that joined an earlier one. */
  get joined(): number {
    return this.#joined;
  }
}

const isNone = (value: MetadataValue | undefined): value is '' | null | undefined =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

const members = (value: MetadataValue): readonly Scalar[] =>
  value === null ? [] : typeof value === 'object' ? value : [value];

function union(a: MetadataValue, b: MetadataValue): MetadataValue {
  const all = [...new Set([...members(a), ...members(b)])];
  return all.length === 1 ? all[0] : all;
}
