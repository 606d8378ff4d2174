/**
 * Writes `runs/openmoji/catalog.jsonl` and `sets.jsonl`, a real catalog with labels by people that needs no download: the emoji
 * of OpenMoji (CC BY-SA 4.0, openmoji.org). Items are described by name and subgroup. A query is a tag or a pair of tags, its reference
 * set the emoji that carry it; tags stay out of the item texts, so finding them takes understanding. (The names of subgroups are
 * queries as well, and easy: items have them in their texts.)
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

/** A tag is a broad query when at least this many emoji carry it; a pair of tags needs one more. */
const BROAD = 5;
const BROAD_PAIR = 6;

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
  await writeFile(join(folder, 'sets.jsonl'), jsonLines(labelledSets(kept)));
}

/**
 * Every tag, pair of tags and subgroup that enough emoji share, with those emoji. Whole tags are held out: a pair is used only when
 * both of its tags are in the same split, so no word of a test query was ever part of a training query by way of its tag.
 */
function labelledSets(emojis: readonly Emoji[]): { query: string; items: string[]; split: Split }[] {
  const labels = new Map<string, { items: string[]; split: Split }>();
  const pairs: typeof labels = new Map();
  const add = (to: typeof labels, name: string, tag: string, id: string) => {
    const set = to.get(name) ?? { items: [], split: splitOf(tag) };
    to.set(name, { ...set, items: [...set.items, id] });
  };
  for (const emoji of emojis) {
    const tags = tagsOf(emoji);
    for (const name of new Set([...tags, spaced(emoji.subgroups)])) add(labels, name, name, emoji.hexcode);
    tags.forEach((a, i) => {
      for (const b of tags.slice(i + 1))
        if (splitOf(a) === splitOf(b)) add(pairs, [a, b].sort().join(' '), a, emoji.hexcode);
    });
  }
  const broad = (sets: typeof labels, least: number) =>
    [...sets].filter(([, { items }]) => items.length >= least).map(([query, set]) => ({ query, ...set }));
  // A pair may read like the name of a subgroup, which would then be on both sides of the split.
  const named = broad(labels, BROAD);
  const names = new Set(named.map(({ query }) => query));
  return [...named, ...broad(pairs, BROAD_PAIR).filter(({ query }) => !names.has(query))];
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
