/** What compile says of the inputs it read. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { Manifest } from '../run/manifest.js';
import { runCli, SHOP, TINY } from './testing/shop.js';

const temp = tempFolder();
const config = temp.write('tiny.json', JSON.stringify(TINY));
const compile = (args: readonly string[]) =>
  runCli(['compile', ...args, '--config', config, '--stage', 'encode']);
const manifest = (out: string): Manifest =>
  JSON.parse(readFileSync(temp.path(out, 'run.json'), 'utf8')) as Manifest;

it('sums up rows, variants, retired items and texts in a few lines, and remembers what it found', async () => {
  const rows = SHOP.map(({ id, title, category, price }) => `${id},${title},${category},${price} USD`);
  const long = 'a tent of many words '.repeat(40);
  const catalog = temp.write(
    'export.csv',
    `\ufeff${['SKU;Product Name;Product Type;Regular Price', ...rows.map((row) => row.replaceAll(',', ';')), `x1;${long};camping;5`, ';no id;camping;1', 'x2;;camping;1', 'x3;a;b;c;d', '红;红色双人帐篷;camping;2'].join('\r\n')}\r\n`,
  );
  const sets = temp.write('sets.jsonl', [
    { query: 'cooking', items: ['item-20', 'item-21', 'gone'] },
    { query: 'nothing', items: [] },
  ]);
  const { code, stderr } = await compile([catalog, '--sets', sets, '--out', temp.path('run')]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const said = stderr.split('\n').slice(1, -2);
  expect(said).toEqual([
    `${catalog}: 77 rows, 3 skipped, 74 items`,
    `  skipped: ${catalog}:75: field "SKU": is missing; give every item an id`,
    `  skipped: ${catalog}:76: field "Product Name": is empty; give every item a text`,
    `  skipped: ${catalog}:77: has 5 values, the header line 4; quote values that contain the delimiter`,
    '  found by the names of columns: id is "SKU", title is "Product Name", category is "Product Type", price is "Regular Price"',
    '  values are separated by semicolons',
    '  fields: id text, title text, text text, category text, Regular Price number',
    `${sets}: 1 set, 1 row skipped, 1 item not in the catalog left out (gone)`,
    `  skipped: ${sets}:2: field "items": is empty; give the set items or drop the line`,
    'texts: 1 of 74 are longer than the encoder reads, which leaves out their ends; put what matters first in catalog.text',
    'texts: 1 of 74 are of words unknown to the encoder, such as "红色双人帐篷"',
  ]);
  const { config: stored, stages } = manifest('run');
  expect(stored.catalog).toEqual({
    id: 'SKU',
    title: 'Product Name',
    category: 'Product Type',
    price: 'Regular Price',
  });
  expect(stages.encode).toMatchObject({ items: 74, skippedRows: 3, cutTexts: 1, unknownTexts: 1 });

  const found = await runCli([
    'search',
    temp.path('run'),
    'tent',
    '--method',
    'plain',
    '--filter',
    'price<20',
  ]);
  expect(found).toMatchObject({ code: 0 });
  const again = await compile([catalog, '--sets', sets, '--out', temp.path('run'), '--json']);
  const events = again.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.find(({ event }) => event === 'inputs')).toMatchObject({
    catalog: { rows: 77, items: 74, skipped: { count: 3 } },
    sets: { retired: { count: 1 } },
    texts: { cut: 1, unknown: 1 },
  });
});

it('stops at the first bad row where it is told so', async () => {
  const catalog = temp.write('strict.jsonl', [...SHOP, { title: 'no id' }]);
  expect(await compile([catalog, '--strict', '--out', temp.path('strict')])).toMatchObject({
    code: 2,
    stderr: `r4t: ${catalog}:73: field "id": is missing; give every item an id\n`,
  });
});

it('refuses a catalog in a language that the encoder does not know', async () => {
  const catalog = temp.write(
    'zh.jsonl',
    ['红色双人帐篷', '蓝色双人帐篷', '轻便双人帐篷', '红色睡袋'].map((title, i) => ({ id: i, title })),
  );
  const { code, stderr } = await compile([catalog, '--out', temp.path('zh')]);
  expect(code).toBe(2);
  expect(stderr).toContain(
    'r4t: field "encoder": 4 of 4 texts are of words that it does not know, such as "红色双人帐篷": "use-lite+glove" reads English.',
  );
  expect(stderr).toContain('{"encoder": {"kind": "transformers", "model": "Xenova/multilingual-e5-small"}}');
});

it('takes a single query, and several files', async () => {
  const header = 'id,title\n';
  const one = temp.write('one.csv', `${header}1,red jacket\n2,blue hat\n`);
  const two = temp.write('two.csv', `${header}3,green scarf\n4,warm gloves\n`);
  const queries = temp.write('one.txt', 'beach\n');
  const { code, stderr } = await compile([one, two, '--queries', queries, '--out', temp.path('small')]);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(': 4 rows, 4 items') });
  expect(manifest('small').catalog.file).toBe(`${one}, ${two}`);
});
