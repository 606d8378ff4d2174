import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.js';
import type { Split } from '../item.js';
import { splitOf } from '../split.js';
import { LinesFile } from './linesFile.js';

export interface DatasetItem {
  readonly id: string;
  readonly title: string;
  readonly category?: string;
  readonly [field: string]: string | number | undefined;
}

export interface DatasetSet {
  readonly id: string;
  /** What somebody who wants the set would ask for. */
  readonly query?: string;
  readonly items: readonly string[];
  /** [8 : 1 : 1 by the query, else by the id] */
  readonly split?: Split;
  /** Further fields of the line. */
  readonly more?: Readonly<Record<string, string | undefined>>;
}

/** What an import has made. */
export interface DatasetSummary {
  readonly folder: string;
  readonly items: number;
  readonly sets: Readonly<Record<Split, number>>;
  /** What was left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/**
 * Writes a data folder: `catalog.jsonl`, one item a line, and `sets.jsonl`, one set a line.
 *
 * Sets that cannot serve as references are left out and counted: those of fewer than two known items, those whose query has no letter,
 * and those whose items are, exactly, a set of another split.
 */
export class DatasetWriter {
  readonly #items = new Set<string>();
  readonly #splitOfItems = new Map<string, Split>();
  readonly #sets: Record<Split, number> = { train: 0, valid: 0, test: 0 };
  readonly #dropped: Record<string, number> = {};

  private constructor(
    private readonly folder: string,
    private readonly catalogFile: LinesFile,
    private readonly setsFile: LinesFile,
  ) {}

  /**
   * @param force whether the files of an earlier import may be replaced
   * @throws InputError if the folder has such files already
   */
  static async create(folder: string, { force = false }: { force?: boolean } = {}): Promise<DatasetWriter> {
    const files = ['catalog.jsonl', 'sets.jsonl'].map((name) => join(folder, name));
    for (const file of force ? [] : files) {
      const exists = await stat(file).catch(() => undefined);
      if (exists)
        throw new InputError('is there already; choose another --out, or replace it by --force', { file });
    }
    const [catalogFile, setsFile] = await Promise.all(files.map(LinesFile.create));
    return new DatasetWriter(folder, catalogFile, setsFile);
  }

  /** Adds an item, unless its id is known or it has no title. */
  addItem(item: DatasetItem): void {
    const { id, title } = item;
    if (this.#items.has(id)) return;
    if (title === '') return void this.#drop('items without a name');
    this.#items.add(id);
    this.catalogFile.add(item);
  }

  /** Adds a set; its items must have been added before. */
  addSet({ id, query, items, split: given, more }: DatasetSet): void {
    const known = [...new Set(items)].filter((item) => this.#items.has(item));
    if (known.length < 2) return void this.#drop('sets of fewer than two items');
    if (query !== undefined && !/\p{L}/u.test(query))
      return void this.#drop('sets whose query has no letter');
    const split = given ?? splitOf(query ?? id);
    const key = createHash('sha256').update(known.toSorted().join('\n')).digest('base64').slice(0, 16);
    const earlier = this.#splitOfItems.get(key);
    if (earlier !== undefined && earlier !== split)
      return void this.#drop('sets that are in another split too');
    this.#splitOfItems.set(key, split);
    this.#sets[split]++;
    this.setsFile.add({ id, ...(query !== undefined && { query }), ...more, items: known, split });
  }

  /** To be called often: writes what has gathered. */
  async flush(): Promise<void> {
    await this.catalogFile.flush();
    await this.setsFile.flush();
  }

  /** @throws InputError if there is nothing to write */
  async finish(): Promise<DatasetSummary> {
    const sets = this.#sets;
    if (sets.train + sets.valid + sets.test === 0) {
      const reasons = Object.entries(this.#dropped).map(([reason, n]) => `; left out: ${n} ${reason}`);
      throw new InputError(`the files have no sets to import${reasons.join('')}`);
    }
    await this.catalogFile.finish();
    await this.setsFile.finish();
    return { folder: this.folder, items: this.#items.size, sets, dropped: this.#dropped };
  }

  /** Deletes what is not finished. */
  async discard(): Promise<void> {
    await this.catalogFile.discard();
    await this.setsFile.discard();
  }

  #drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }
}
