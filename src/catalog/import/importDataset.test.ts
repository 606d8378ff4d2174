import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../catalog.js';
import { loadSets } from '../sets.js';
import { splitOf } from '../split.js';
import { tempFolder } from '../testing/tempFolder.js';
import { type DatasetFormat, importDataset } from './importDataset.js';

const temp = tempFolder();
let folders = 0;

const read = (folder: string, name: string) =>
  readFileSync(join(folder, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Imports files given by name and content; returns the summary and the lines written. */
async function run(format: DatasetFormat, contents: Readonly<Record<string, unknown>>) {
  const files = Object.entries(contents).map(([name, content]) =>
    temp.write(name, typeof content === 'string' ? content : JSON.stringify(content, null, 1)),
  );
  const out = temp.path(`out-${folders++}`);
  const summary = await importDataset({ format, files, out });
  return { ...summary, files, catalog: read(out, 'catalog.jsonl'), sets: read(out, 'sets.jsonl') };
}

const picture = (tid: number) => `http://img.example/cgi/img-thing?.out=jpg&size=m&tid=${tid}`;
const embedded = (set_id: string, items: object[]) => ({
  name: `Look ${set_id}`,
  views: 3,
  items,
  set_id,
  desc: '',
});

describe('polyvore', () => {
  const shirt = { index: 1, name: 'silk shirt ', price: 12.5, likes: 1, image: picture(77), categoryid: 17 };
  const skirt = { index: 3, name: 'pleated skirt', price: 0, likes: 1, image: '', categoryid: 7 };
  const boots = { index: 4, name: 'temple boots', image: picture(78), categoryid: 999 };

  it('reads outfits that hold their items', async () => {
    const { catalog, sets, items, dropped, unused } = await run('polyvore', {
      'train_no_dup.json': [embedded('10', [shirt, skirt]), embedded('11', [{ ...shirt, index: 5 }, boots])],
      'valid_no_dup.json': [embedded('12', [skirt, boots])],
      'test_no_dup.json': [
        embedded('13', [{ ...skirt, name: '' }, boots]),
        embedded('14', [shirt, skirt, boots]),
      ],
      'category_id.txt': '7 Skirts\n17 Blouses\n',
      'fill_in_blank_test.json': '[]',
    });
    expect(catalog).toEqual([
      { id: '77', title: 'silk shirt', category: 'Blouses', image: picture(77), price: 12.5 },
      { id: '10_3', title: 'pleated skirt', category: 'Skirts' },
      { id: '78', title: 'temple boots', category: '999', image: picture(78) },
      { id: '12_3', title: 'pleated skirt', category: 'Skirts' },
      { id: '14_3', title: 'pleated skirt', category: 'Skirts' },
    ]);
    expect(sets).toEqual([
      { id: '10', title: 'Look 10', items: ['77', '10_3'], split: 'train' },
      { id: '11', title: 'Look 11', items: ['77', '78'], split: 'train' },
      { id: '12', title: 'Look 12', items: ['12_3', '78'], split: 'valid' },
      { id: '14', title: 'Look 14', items: ['77', '14_3', '78'], split: 'test' },
    ]);
    expect(items).toBe(5);
    expect(dropped).toEqual({ 'items without a name': 1, 'sets of fewer than two items': 1 });
    expect(unused).toEqual([temp.path('fill_in_blank_test.json')]);
  });

  const listed = (set_id: string, ...ids: string[]) => ({
    set_id,
    items: ids.map((item_id, i) => ({ item_id, index: i + 1 })),
  });
  const metadata = {
    1: {
      url_name: 'floral trousers',
      title: 'Floral Trousers',
      description: 'Gold and black.',
      semantic_category: 'bottoms',
      catgeories: ['Pants'],
    },
    2: { url_name: 'navy oxford', title: '', description: null, semantic_category: 'tops' },
    3: { url_name: '', title: '', semantic_category: 'shoes' },
    4: { url_name: 'unused', title: 'unused', semantic_category: 'shoes' },
  };

  it('reads outfits that list their items, with metadata and titles of their own', async () => {
    const { catalog, sets } = await run('polyvore', {
      'polyvore_outfit_titles.json': { a: { url_name: 'summer date', title: '' } },
      'polyvore_item_metadata.json': metadata,
      'test.json': [listed('b', '2', '1', '3')],
      'train.json': [listed('a', '1', '2')],
      'val.json': [listed('c', '2', '3')],
    });
    expect(catalog).toEqual([
      { id: '1', title: 'Floral Trousers', category: 'bottoms', description: 'Gold and black.' },
      { id: '2', title: 'navy oxford', category: 'tops' },
    ]);
    // Without its third item, outfit b is outfit a, which is in another split.
    expect(sets).toEqual([{ id: 'b', items: ['2', '1'], split: 'test' }]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no outfits', { 'category_id.txt': '1 a' }, 'none of the files has outfits; give train_no_dup.json or'],
    [
      'listed outfits without metadata',
      { 'train.json': [listed('a', '1')] },
      'train.json:2: field "items.0.name": is missing; outfits that only list ids need polyvore_item_metadata.json',
    ],
    [
      'outfits of both versions',
      {
        'train.json': [listed('a', '1')],
        'test.json': [listed('a', '1')],
        'polyvore_item_metadata.json': metadata,
      },
      'test.json:2: field "set_id": "a" is an outfit of another file too; give the files of one version',
    ],
    [
      'another shape',
      { 'train_no_dup.json': { a: 1 } },
      'train_no_dup.json:2: expected object, received number',
    ],
    ['half a file', { 'train_no_dup.json': '[{"set_id": 1' }, 'train_no_dup.json:1: ends in the middle'],
    ['no sets', { 'train_no_dup.json': [] }, 'the files have no sets to import'],
  ])('refuses %s', async (_, contents, message) => {
    await expect(run('polyvore', contents)).rejects.toThrow(message);
    await expect(run('polyvore', contents)).rejects.toMatchObject({ name: 'InputError' });
    // Nothing half-made stays.
    const out = temp.path(`out-${folders - 1}`);
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
  });
});

describe('bundles', () => {
  const csv = {
    'item_titles.csv':
      'item ID,titles\n1,"Tent, blue &amp; &quot;big&quot;"\n2,Stove\n3,Lantern\n4,Caf&eacute; mug\n',
    'item_categories.csv':
      'item ID,categories\n1,"[[Sports, Camping & More,Tents]]"\n2,"[[Home],[Outdoor,Cooking,Stoves],[Home,Gas,Fire]]"\n',
    'bundle_intent.csv': 'bundle ID,intent\n0,Camping gear\n1,camping  Gear\n2,17\n3,Cooking\n4,Morning\n',
    'bundle_item.csv': 'bundle ID,item ID\n0,1\n0,2\n1,3\n1,1\n2,1\n2,2\n3,2\n3,4\n4,4\n4,2\n',
  };

  it('merges equal intents, decodes titles and takes the deepest category', async () => {
    const { catalog, sets, dropped, unused } = await run('bundles', { ...csv, 'user_item.csv': 'a\n' });
    expect(catalog).toEqual([
      { id: '1', title: 'Tent, blue & "big"', category: 'Sports, Camping & More > Tents' },
      { id: '2', title: 'Stove', category: 'Outdoor > Cooking > Stoves' },
      { id: '3', title: 'Lantern' },
      { id: '4', title: 'Café mug' },
    ]);
    const set = (id: string, query: string, ...items: string[]) => ({
      id,
      query,
      items,
      split: splitOf(query),
    });
    const alike = [set('3', 'Cooking', '2', '4'), set('4', 'Morning', '4', '2')];
    // The same items under two intents are kept only on one side of a split.
    const kept = splitOf('Cooking') === splitOf('Morning') ? alike : alike.slice(0, 1);
    expect(sets).toEqual([set('0', 'Camping gear', '1', '2', '3'), ...kept]);
    expect(dropped['sets whose query has no letter']).toBe(1);
    expect(unused).toEqual([temp.path('user_item.csv')]);
  });

  it('does without categories, but without nothing else', async () => {
    const { 'item_categories.csv': _, ...rest } = csv;
    expect((await run('bundles', rest)).catalog[0]).toEqual({ id: '1', title: 'Tent, blue & "big"' });
    const { 'bundle_item.csv': __, ...fewer } = csv;
    await expect(run('bundles', fewer)).rejects.toThrow(
      'bundle_item.csv is missing; give bundle_intent.csv,',
    );
    const other = { ...csv, 'bundle_item.csv': 'bundle,item ID\n0,1\n' };
    await expect(run('bundles', other)).rejects.toThrow(
      'bundle_item.csv:2: field "bundle ID": expected string',
    );
  });
});

describe('playlists', () => {
  const track = (n: number) => ({
    pos: 0,
    artist_name: `Band ${n}`,
    track_uri: `spotify:track:t${n}`,
    artist_uri: `spotify:artist:a${n}`,
    track_name: `Song ${n}`,
    album_uri: `spotify:album:b${n}`,
    duration_ms: 1000,
    album_name: `Album ${n}`,
  });
  const playlist = (pid: number, name: string, ...tracks: number[]) => ({
    name,
    collaborative: 'false',
    pid,
    num_tracks: tracks.length,
    tracks: tracks.map(track),
  });
  const slice = (...playlists: object[]) => ({ info: { slice: '0-1', version: 'v1' }, playlists });

  it('reads slices; a song is one item wherever it is played', async () => {
    const { catalog, sets, dropped } = await run('playlists', {
      'mpd.slice.0-1.json': slice(playlist(0, 'Road trip', 1, 2, 1), playlist(1, '🎉', 1, 3)),
      'mpd.slice.2-3.json': slice({ ...playlist(2, 'road trip ', 2, 4), description: 'Windows down' }),
    });
    expect(catalog).toEqual(
      [1, 2, 3, 4].map((n) => ({
        id: `t${n}`,
        title: `Song ${n} by Band ${n}`,
        artist: `Band ${n}`,
        album: `Album ${n}`,
      })),
    );
    const split = splitOf('road trip');
    expect(sets).toEqual([
      { id: '0', query: 'Road trip', items: ['t1', 't2'], split },
      { id: '2', query: 'road trip', description: 'Windows down', items: ['t2', 't4'], split },
    ]);
    expect(dropped).toEqual({ 'sets whose query has no letter': 1 });
  });

  it('refuses a file without playlists, and a playlist without tracks', async () => {
    await expect(run('playlists', { 'a.json': { info: {} } })).rejects.toThrow(
      'a.json:3: has no list "playlists"',
    );
    await expect(run('playlists', { 'a.json': slice({ pid: 1, name: 'x' }) })).rejects.toThrow(
      'a.json:7: field "tracks": expected array, received undefined',
    );
  });

  it('puts no query and no set of items on two sides of a split, and is read back whole', async () => {
    const names = fc.constantFrom(
      'road trip',
      'Road  Trip',
      'gym',
      'calm',
      'rain',
      'cooking',
      'party',
      'study',
    );
    const some = fc.array(fc.tuple(names, fc.array(fc.nat(3), { minLength: 1, maxLength: 4 })), {
      minLength: 1,
      maxLength: 15,
    });
    const property = fc.asyncProperty(some, async (lists) => {
      const playlists = lists.map(([name, tracks], pid) => playlist(pid, name, ...tracks));
      fc.pre(playlists.some(({ tracks }) => new Set(tracks.map((t) => t.track_uri)).size > 1));
      const { folder, items, sets } = await run('playlists', { 'mpd.json': slice(...playlists) });
      const catalog = await loadCatalog(join(folder, 'catalog.jsonl'));
      const loaded = await loadSets(join(folder, 'sets.jsonl'), catalog);
      expect(catalog.items).toHaveLength(items);
      expect(loaded).toHaveLength(sets.length);
      for (const keyOf of [
        ({ query = '' }) => query.toLowerCase().replace(/\s+/g, ' '),
        ({ items: rows }: { items: readonly number[] }) => rows.toSorted().join(),
      ]) {
        const splits = new Map<string, string>();
        for (const set of loaded) {
          expect(splits.get(keyOf(set)) ?? set.split).toBe(set.split);
          splits.set(keyOf(set), set.split);
        }
      }
    });
    await fc.assert(property, { numRuns: 30 });
  });
});

it('keeps what is there already, unless told to replace it', async () => {
  const { folder, files } = await run('bundles', {
    'item_titles.csv': 'item ID,titles\n1,Tent\n2,Stove\n',
    'bundle_intent.csv': 'bundle ID,intent\n0,Camping\n',
    'bundle_item.csv': 'bundle ID,item ID\n0,1\n0,2\n',
  });
  const again = { format: 'bundles', files, out: folder } as const;
  await expect(importDataset(again)).rejects.toThrow(
    `${join(folder, 'catalog.jsonl')}: is there already; choose another --out, or replace it by --force`,
  );
  await importDataset({ ...again, force: true });
  expect(readdirSync(folder).sort()).toEqual(['catalog.jsonl', 'sets.jsonl']);
});

it('reports its progress in bytes and stops by its signal', async () => {
  const big = {
    info: {},
    playlists: Array.from({ length: 300 }, (_, pid) => ({ pid, name: 'x'.repeat(2000), tracks: [] })),
  };
  const file = temp.write('mpd.big.json', JSON.stringify(big));
  const abort = new AbortController();
  const reports: number[] = [];
  const out = temp.path('stopped');
  const importing = importDataset({
    format: 'playlists',
    files: [file],
    out,
    signal: abort.signal,
    onProgress: ({ done, total }) => {
      reports.push(done / total);
      abort.abort(new Error('enough'));
    },
  });
  await expect(importing).rejects.toThrow('enough');
  expect(reports[0]).toBeGreaterThan(0);
  expect(reports[0]).toBeLessThan(1);
  expect(readdirSync(out)).toEqual([]);
});
