import { basename } from 'node:path';
import * as z from 'zod';
import { InputError } from '../../errors.js';
import { cleanText } from '../cleanText.js';
import { normalizeKey } from '../normalizeKey.js';
import { readRecords } from '../records.js';
import { checkRecord, type Importer, type Reading } from './reading.js';

const COLUMNS = {
  'item_titles.csv': ['item ID', 'titles'],
  'item_categories.csv': ['item ID', 'categories'],
  'bundle_intent.csv': ['bundle ID', 'intent'],
  'bundle_item.csv': ['bundle ID', 'item ID'],
} as const;

type FileName = keyof typeof COLUMNS;

/**
 * Bundles of BundleRec (Sun et al., "Revisiting Bundle Recommendation", SIGIR 2022), one of its domains: `bundle_intent.csv`,
 * `bundle_item.csv`, `item_titles.csv` and, where categories are wanted, `item_categories.csv`. An intent is the query;
 * bundles with the same intent are one set.
 */
export const importBundles: Importer = async (files, writer, reading) => {
  const find = (name: FileName) => {
    const [file, other] = files.filter((path) => basename(path) === name);
    if (other !== undefined)
      throw new InputError(`is there twice; import one domain at a time`, { file: other });
    return file;
  };
  const used: string[] = [];
  const pairs = async (name: FileName): Promise<[string, string][]> => {
    const file = find(name);
    if (file === undefined) {
      if (name === 'item_categories.csv') return [];
      throw new InputError(`${name} is missing; give bundle_intent.csv, bundle_item.csv and item_titles.csv`);
    }
    used.push(file);
    return readPairs(file, COLUMNS[name], reading);
  };

  const categories = new Map(await pairs('item_categories.csv'));
  for (const [id, title] of await pairs('item_titles.csv')) {
    writer.addItem({ id, title: oneLine(title), category: deepestCategory(categories.get(id) ?? '') });
  }
  const intents = new Map(await pairs('bundle_intent.csv'));
  const sets = new Map<string, { id: string; query: string; items: string[] }>();
  for (const [id, item] of await pairs('bundle_item.csv')) {
    const query = oneLine(intents.get(id) ?? '');
    const key = normalizeKey(query);
    const set = sets.get(key);
    if (set) set.items.push(item);
    else sets.set(key, { id, query, items: [item] });
  }
  for (const set of sets.values()) writer.addSet(set);
  return files.filter((file) => !used.includes(file));
};

/** A title as people read it. */
const oneLine = (text: string): string => cleanText(text).replace(/\s+/g, ' ');

/** A file of two columns. */
async function readPairs(
  file: string,
  [first, second]: readonly [string, string],
  reading: Reading,
): Promise<[string, string][]> {
  const schema = z.object({ [first]: z.string().trim().min(1), [second]: z.string().trim() });
  const pairs: [string, string][] = [];
  for await (const { record, line } of readRecords(file, reading.next(file))) {
    const row = checkRecord(schema, record, { file, line });
    pairs.push([row[first], row[second]]);
  }
  return pairs;
}

/**
 * The category of `[[Books,Travel],[Clothing, Shoes & Jewelry,Women,Bags]]`: the path with the most parts, the first of
 * several. Parts are separated by commas without a space.
 */
function deepestCategory(text: string): string | undefined {
  let deepest: string[] = [];
  for (const path of text.replace(/^\s*\[\s*\[|\]\s*\]\s*$/g, '').split(/\]\s*,\s*\[/)) {
    const parts = path.split(/,(?! )/).map((part) => oneLine(part.replace(/^["']|["']$/g, '')));
    if (parts.length > deepest.length) deepest = parts;
  }
  return deepest.join(' > ') || undefined;
}
