/** Items and vectors of a run, as they lie in the folder of its encode stage. */
import { closeSync, openSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Item } from '../catalog/item.js';
import { findLines, ItemFile } from '../catalog/itemFile.js';
import { InputError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { checkInputFile } from '../inputFile.js';
import { lazyArray } from '../lazyArray.js';
import { memoryForItems, memoryOfItem } from '../memory.js';
import type { RunFolder } from './runFolder.js';
import { isShard, type LoadedVectors, loadVectors, shardNames } from './vectorShards.js';

const ITEMS = 'items.jsonl';

export const itemsFile = (run: RunFolder): string => run.path('encode', ITEMS);

/** Writes the items of a run, a line of JSON each. */
export const saveItems = (run: RunFolder, items: readonly Item[]): Promise<void> =>
  writeFileAtomic(itemsFile(run), itemLines(items));

/** Items a write; all lines together may be longer than a string can be. */
const ITEMS_A_WRITE = 1000;

function* itemLines(items: readonly Item[]): Generator<string> {
  let lines: string[] = [];
  for (const item of items) {
    lines.push(`${JSON.stringify(item)}\n`);
    if (lines.length < ITEMS_A_WRITE) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
}

export interface LoadedItems {
  readonly items: readonly Item[];
  /** Closes the file, where it is still read. */
  close(): void;
}

/**
 * The items of a run whose encode stage is done: in memory, or where they do not fit there, read from the file as they are looked at.
 *
 * @throws InputError if the file is missing, and where an item is looked at that is none
 */
export async function loadItems(run: RunFolder): Promise<LoadedItems> {
  const file = itemsFile(run);
  const bytes = await checkInputFile(file);
  const descriptor = openSync(file, 'r');
  try {
    const starts = findLines(descriptor);
    const stored = new ItemFile(descriptor, starts, file);
    const inMemory = starts.lines * memoryOfItem(bytes / Math.max(1, starts.lines));
    if (inMemory > memoryForItems()) return { items: lazyArray(stored), close: () => closeSync(descriptor) };
    const items = [...{ [Symbol.iterator]: () => stored.all() }];
    closeSync(descriptor);
    return { items, close() {} };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Names of the files of the run's vectors, in order. */
export async function vectorFiles(run: RunFolder): Promise<string[]> {
  // What a stage that is not done has written is listed nowhere.
  const names = run.stageDone('encode')?.files;
  const listed = names ? Object.keys(names) : await readdir(run.path('encode'));
  const [whole] = shardNames(1);
  const parts = listed.filter((name) => isShard(name) && name !== whole).sort();
  return parts.length > 0 ? parts : [whole];
}

export interface LoadedCatalog extends LoadedItems, LoadedVectors {}

/** @throws InputError if a file is missing or damaged, or one has more rows than the other */
export async function loadCatalogFiles(run: RunFolder): Promise<LoadedCatalog> {
  const loaded = await loadItems(run);
  try {
    const names = await vectorFiles(run);
    const stored = await loadVectors(run.path('encode'), names);
    const { items } = loaded;
    if (stored.vectors.rows !== items.length) {
      stored.close();
      throw new InputError(
        `holds ${stored.vectors.rows} vectors for ${items.length} items; compile again with --force`,
        { file: run.path('encode', names[0]) },
      );
    }
    const close = () => {
      loaded.close();
      stored.close();
    };
    return { items, ...stored, close };
  } catch (error) {
    loaded.close();
    throw error;
  }
}
