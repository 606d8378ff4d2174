import { basename } from 'node:path';
import * as z from 'zod';
import { InputError } from '../../errors.js';
import type { Split } from '../item.js';
import { readLines } from '../lines.js';
import type { DatasetWriter } from './dataset.js';
import { readJsonMembers } from './jsonMembers.js';
import { checkRecord, type Importer, idField, type Reading, textField } from './reading.js';

/**
 * Polyvore outfits, in either of their published forms:
 * - Han et al., "Learning Fashion Compatibility with Bidirectional LSTMs", ACM MM 2017: `train_no_dup.json`, `valid_no_dup.json`,
 *   `test_no_dup.json`, whose outfits hold their items, and `category_id.txt`
 * - Vasileva et al., "Learning Type-Aware Embeddings for Fashion Compatibility", ECCV 2018 ("Polyvore Outfits"): `train.json`,
 *   `valid.json`, `test.json` of one version, disjoint or not, and `polyvore_item_metadata.json`; with
 *   `polyvore_outfit_titles.json` the sets have titles
 *
 * Splits are the published ones, by the names of the files. No set has a query: the outfits' titles say little about
 * them.
 */
export const importPolyvore: Importer = async (files, writer, reading) => {
  const named = (pattern: RegExp) => files.filter((file) => pattern.test(basename(file)));
  const metadata = named(/item_metadata.*\.json$/i);
  const titles = named(/outfit_titles.*\.json$/i);
  const categories = named(/^category_id.*\.txt$/i);
  const outfits = named(/^(?!fill_in|.*(item_metadata|outfit_titles)).*\.json$/i);
  if (outfits.length === 0) {
    throw new InputError('none of the files has outfits; give train_no_dup.json or train.json and the like');
  }
  const used = metadata.length > 0 ? [...outfits, ...metadata, ...titles] : [...outfits, ...categories];
  if (metadata.length > 0) await importListed({ outfits, metadata, titles }, writer, reading);
  else await importEmbedded({ outfits, categories }, writer, reading);
  return files.filter((file) => !used.includes(file));
};

/** Han et al. */
const embeddedSchema = z.object({
  set_id: idField,
  name: textField,
  items: z.array(
    z.object({
      index: z.number(),
      name: z.string({ error: 'is missing; outfits that only list ids need polyvore_item_metadata.json' }),
      categoryid: z.number().nullish(),
      price: z.number().nullish(),
      image: textField,
    }),
  ),
});

async function importEmbedded(
  { outfits, categories }: { outfits: readonly string[]; categories: readonly string[] },
  writer: DatasetWriter,
  reading: Reading,
): Promise<void> {
  const names = new Map<number, string>();
  for (const file of categories) {
    for await (const { text } of readLines(file, reading.next(file))) {
      const [, id, name] = text.match(/^(\d+)\s+(.+?)\s*$/) ?? [];
      if (name !== undefined) names.set(Number(id), name);
    }
  }
  const seen = new OutfitIds();
  for (const file of outfits) {
    for await (const { value, line } of readJsonMembers(file, reading.next(file))) {
      const outfit = checkRecord(embeddedSchema, value, { file, line });
      seen.add(outfit.set_id, file, line);
      const items = outfit.items.map(({ index, name, categoryid, price, image }) => {
        // One thing may be part of many outfits: the address of its picture has its number.
        const id = image.match(/[?&]tid=(\d+)/)?.[1] ?? `${outfit.set_id}_${index}`;
        const category = categoryid ? (names.get(categoryid) ?? String(categoryid)) : undefined;
        writer.addItem({
          id,
          title: name.trim(),
          category,
          image: image || undefined,
          price: price && price > 0 ? price : undefined,
        });
        return id;
      });
      const more = { title: outfit.name || undefined };
      writer.addSet({ id: outfit.set_id, more, items, split: splitOfFile(file) });
      await writer.flush();
    }
  }
}

/** Vasileva et al. */
const listedSchema = z.object({ set_id: idField, items: z.array(z.object({ item_id: idField })) });
const metadataSchema = z.object({
  title: textField,
  url_name: textField,
  description: textField,
  semantic_category: textField,
});
const titleSchema = z.object({ title: textField, url_name: textField });

async function importListed(
  files: { outfits: readonly string[]; metadata: readonly string[]; titles: readonly string[] },
  writer: DatasetWriter,
  reading: Reading,
): Promise<void> {
  // The outfits are small, their items' descriptions are not: those are streamed and kept only where they are needed.
  const outfits: { id: string; items: readonly string[]; split?: Split }[] = [];
  const seen = new OutfitIds();
  for (const file of files.outfits) {
    for await (const { value, line } of readJsonMembers(file, reading.next(file))) {
      const { set_id: id, items } = checkRecord(listedSchema, value, { file, line });
      seen.add(id, file, line);
      outfits.push({ id, items: items.map((item) => item.item_id), split: splitOfFile(file) });
    }
  }
  const needed = new Set(outfits.flatMap(({ items }) => items));
  for (const file of files.metadata) {
    for await (const { key: id = '', value, line } of readJsonMembers(file, reading.next(file))) {
      if (!needed.has(id)) continue;
      const item = checkRecord(metadataSchema, value, { file, line });
      writer.addItem({
        id,
        title: item.title || item.url_name,
        category: item.semantic_category || undefined,
        description: item.description || undefined,
      });
      await writer.flush();
    }
  }
  const titles = new Map<string, string>();
  for (const file of files.titles) {
    for await (const { key = '', value, line } of readJsonMembers(file, reading.next(file))) {
      const { title, url_name } = checkRecord(titleSchema, value, { file, line });
      titles.set(key, title || url_name);
    }
  }
  for (const outfit of outfits) {
    writer.addSet({ ...outfit, more: { title: titles.get(outfit.id) || undefined } });
    await writer.flush();
  }
}

/** Notices outfits given twice, as they are in the two versions of Polyvore Outfits. */
class OutfitIds {
  readonly #seen = new Set<string>();

  add(id: string, file: string, line: number): void {
    if (this.#seen.has(id)) {
      throw new InputError(`"${id}" is an outfit of another file too; give the files of one version`, {
        file,
        line,
        field: 'set_id',
      });
    }
    this.#seen.add(id);
  }
}

function splitOfFile(file: string): Split | undefined {
  const [name] = basename(file).match(/train|val|test/i) ?? [];
  return name === undefined
    ? undefined
    : name.toLowerCase() === 'val'
      ? 'valid'
      : (name.toLowerCase() as Split);
}
