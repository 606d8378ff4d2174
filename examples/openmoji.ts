/**
 * Writes `runs/openmoji/catalog.jsonl` and `sets.jsonl`, a real catalog with labels by people that needs no download: the emoji
 * of OpenMoji (CC BY-SA 4.0, openmoji.org). Items are described by name and subgroup. A query is a tag, its reference set the emoji
 * that carry it; tags stay out of the item texts, so finding them takes understanding. Whole tags are held out.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

interface Emoji {
  readonly emoji: string;
  readonly hexcode: string;
  readonly group: string;
  readonly subgroups: string;
  readonly annotation: string;
  readonly tags: string;
  readonly openmoji_tags: string;
  readonly skintone: string | number;
}

type Split = 'train' | 'valid' | 'test';

/** A tag is a broad query when at least this many emoji carry it. */
const BROAD = 5;

/** Writes `catalog.jsonl` and `sets.jsonl` into the folder. */
async function writeOpenMoji(folder: string): Promise<void> {
  const require = createRequire(import.meta.url);
  const emojis: Emoji[] = require('openmoji/data/openmoji.json');
  const pictures = join(dirname(require.resolve('openmoji/package.json')), 'color', 'svg');
  // Flags are one per country, skin tones repeat their base emoji, components are parts of others.
  const kept = emojis.filter((e) => e.skintone === '' && !['flags', 'component'].includes(e.group));
  const items = kept.map((e) => ({
    id: e.hexcode,
    title: e.annotation,
    emoji: e.emoji,
    category: spaced(e.subgroups),
    group: spaced(e.group),
    image: relative(process.cwd(), join(pictures, `${e.hexcode}.svg`)),
  }));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'catalog.jsonl'), jsonLines(items));
  await writeFile(join(folder, 'sets.jsonl'), jsonLines(taggedSets(kept)));
}

/** Every tag that enough of the emoji carry, with those emoji. */
function taggedSets(emojis: readonly Emoji[]): { query: string; items: string[]; split: Split }[] {
  const tagged = new Map<string, string[]>();
  for (const emoji of emojis) {
    for (const tag of tagsOf(emoji)) tagged.set(tag, [...(tagged.get(tag) ?? []), emoji.hexcode]);
  }
  return [...tagged]
    .filter(([, items]) => items.length >= BROAD)
    .map(([query, items]) => ({ query, items, split: splitOf(query) }));
}

function tagsOf({ tags, openmoji_tags }: Emoji): string[] {
  const all = `${tags},${openmoji_tags}`.split(',').map((tag) => tag.trim().toLowerCase());
  return [...new Set(all.filter((tag) => /^\p{L}[\p{L} -]+$/u.test(tag)))];
}

/** 7 : 1 : 2 by a hash, so that it never depends on the order of the data. */
function splitOf(name: string): Split {
  const bucket = createHash('sha256').update(name).digest()[0] % 10;
  return bucket < 7 ? 'train' : bucket === 7 ? 'valid' : 'test';
}

const spaced = (slug: string): string => slug.replaceAll('-', ' ');

const jsonLines = (records: readonly object[]): string =>
  `${records.map((r) => JSON.stringify(r)).join('\n')}\n`;

await writeOpenMoji(join('runs', 'openmoji'));
