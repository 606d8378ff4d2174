/** Catalogs in the shapes in which shops, feeds and data sets export them: read without a config. */
import { mkdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { loadCatalog } from './catalog.js';
import { ownNames } from './fields.js';
import { FilterTable } from './filter/filterTable.js';
import { tempFolder } from './testing/tempFolder.js';

const temp = tempFolder();

/** How many items pass a filter. */
function passing({ items, fields }: Awaited<ReturnType<typeof loadCatalog>>, filter: string): number {
  return new FilterTable(items, ownNames(fields)).mask(filter).reduce((sum, bit) => sum + bit, 0);
}

const SHOPIFY = `Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Status\r
linen-shirt,Linen Shirt,"<p>A shirt in <b>soft</b> linen.</p>
<ul><li>Machine wash</li></ul>",acme,shirt,"linen, tailored",Size,S,SKU-1-S,21.00,https://example.com/1.jpg,active\r
linen-shirt,,,,,,,M,SKU-1-M,21.00,https://example.com/2.jpg,\r
linen-shirt,,,,,,,L,SKU-1-L,23.00,,\r
wool-hat,Wool Hat,<p>Warm.</p>,acme,hat,wool,Title,Default Title,SKU-2,9.50,https://example.com/3.jpg,active\r
`;

it.each([{}, { id: 'Handle', title: 'Title', category: 'Type', text: '{Title}. {Tags}' }])(
  'joins the variants of a Shopify export: %j',
  async (config) => {
    const catalog = await loadCatalog(temp.write('shopify.csv', SHOPIFY), config);
    const { items, report, rowOf } = catalog;
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({
      id: 'linen-shirt',
      title: 'Linen Shirt',
      category: 'shirt',
      image: 'https://example.com/1.jpg',
    });
    expect(items[0].metadata).toMatchObject({
      'Body (HTML)': 'A shirt in soft linen. Machine wash',
      'Option1 Value': ['S', 'M', 'L'],
      'Variant SKU': ['SKU-1-S', 'SKU-1-M', 'SKU-1-L'],
      'Variant Price': ['21.00', '23.00'],
    });
    expect(report).toMatchObject({ rows: 4, items: 2, merged: 2, skipped: { count: 0 } });
    expect(report.found.group).toBe('Handle');
    expect(rowOf.get('wool-hat')).toBe(1);
    expect(passing(catalog, 'price<10')).toBe(1);
  },
);

it('reads the newer export of Shopify too', async () => {
  const file = temp.write(
    'newer.csv',
    `Title,URL handle,Description,Vendor,Product category,Type,SKU,Option1 name,Option1 value,Price,Product image URL
Linen Shirt,linen-shirt,<p>Soft</p>,acme,,shirt,S-1,Size,S,21.00,https://example.com/1.jpg
,linen-shirt,,,,,S-2,,M,23.00,
`,
  );
  const { items } = await loadCatalog(file);
  expect(items).toEqual([
    {
      id: 'linen-shirt',
      text: 'Linen Shirt',
      title: 'Linen Shirt',
      category: 'shirt',
      image: 'https://example.com/1.jpg',
      metadata: expect.objectContaining({
        SKU: ['S-1', 'S-2'],
        Price: ['21.00', '23.00'],
        Description: 'Soft',
      }),
    },
  ]);
});

it('joins variants by any column, and knows each by its id', async () => {
  const file = temp.write('parents.jsonl', [
    { id: 'v1', title: 'Tee - Black', parent: 'P0', color: 'black', price: 10 },
    { id: 'v2', title: 'Mug', parent: '', color: 'white', price: 5 },
    { id: 'v3', title: 'Tee - Navy', parent: 'P0', color: 'navy', price: 10 },
  ]);
  const catalog = await loadCatalog(file, { group: 'parent' });
  expect(catalog.items.map(({ id, title }) => [id, title])).toEqual([
    ['v1', 'Tee - Black'],
    ['v2', 'Mug'],
  ]);
  expect(catalog.items[0].metadata).toMatchObject({ color: ['black', 'navy'], price: 10 });
  expect([...catalog.rowOf]).toEqual([
    ['v1', 0],
    ['v3', 0],
    ['v2', 1],
  ]);
  expect(catalog.report.merged).toBe(1);
  expect(passing(catalog, 'id=v3')).toBe(1);
  expect(passing(catalog, 'color=navy')).toBe(1);
});

it('joins WooCommerce variations with their product', async () => {
  const file = temp.write(
    'variations.csv',
    `ID,Type,SKU,Name,Regular price,Categories,Images,Parent,Attribute 1 value(s)
10,variable,,Tee,,Clothing > Tees,"https://e.com/a.jpg, https://e.com/b.jpg",,"Red, Blue"
11,variation,T-R,Tee - Red,12,,,id:10,Red
12,variation,T-B,Tee - Blue,13,,,id:10,Blue
20,variable,CAP,Cap,,Clothing > Caps,,,
21,variation,CAP-1,Cap - S,7,,,CAP,S
`,
  );
  const { items, report } = await loadCatalog(file);
  expect(items.map(({ title, category }) => [title, category])).toEqual([
    ['Tee', 'Clothing > Tees'],
    ['Cap', 'Clothing > Caps'],
  ]);
  expect(items[0]).toMatchObject({
    image: 'https://e.com/a.jpg',
    metadata: { 'Regular price': ['12', '13'] },
  });
  expect(report.merged).toBe(3);
});

it('writes entities out and leaves tags out, everywhere', async () => {
  const rows = ['Pan', 'Pot 12&quot;', 'Chef&#8217;s knife'].map(
    (name, i) =>
      `${101 + i},simple,W-${i},${name},"<p>${name}</p>\n\n<p>Line two</p>",,14.43,Home &amp; Kitchen > Cookware,"new, sale",https://e.com/a.jpg,`,
  );
  const header = 'ID,Type,SKU,Name,Description,Sale price,Regular price,Categories,Tags,Images,Parent';
  const file = temp.write('woo.csv', `\ufeff${[header, ...rows].join('\r\n')}`);
  const catalog = await loadCatalog(file);
  expect(catalog.items.map(({ id, title, text }) => [id, title, text])).toEqual([
    ['101', 'Pan', 'Pan'],
    ['102', 'Pot 12"', 'Pot 12"'],
    ['103', 'Chef’s knife', 'Chef’s knife'],
  ]);
  expect(catalog.items[2].metadata.Description).toBe('Chef’s knife Line two');
  expect(catalog.report.found).toEqual({
    id: 'ID',
    title: 'Name',
    category: 'Categories',
    image: 'Images',
    price: 'Regular price',
    group: 'Parent',
  });
  expect(passing(catalog, 'category~Home & Kitchen')).toBe(3);
  expect(passing(catalog, 'category=Cookware')).toBe(3);
  expect(passing(catalog, 'price<15')).toBe(3);
});

it('reads a Google Merchant feed, inches and all', async () => {
  const header = 'id\ttitle\tdescription\tprice\tavailability\tproduct_type\timage_link\titem_group_id';
  const rows = ['Oak Bench 36"', 'Teak Bench XL', '"Best" Bench'].map(
    (title, i) =>
      `SKU${i}\t${title}\tholds 20kg, ${i}" thick\t${i}00.19 USD\tin stock\tHome & Garden > Benches\thttps://e.com/i.jpg\t\\N`,
  );
  for (const name of ['feed.tsv', 'feed.txt']) {
    const catalog = await loadCatalog(temp.write(name, [header, ...rows].join('\n')));
    expect(catalog.items.map(({ title }) => title)).toEqual([
      'Oak Bench 36"',
      'Teak Bench XL',
      '"Best" Bench',
    ]);
    expect(catalog.items[0]).toMatchObject({
      category: 'Home & Garden > Benches',
      image: 'https://e.com/i.jpg',
    });
    expect(catalog.items[0].metadata.item_group_id).toBeUndefined();
    expect(catalog.report.found).toEqual({ category: 'product_type', image: 'image_link' });
    expect(catalog.report.skipped.count).toBe(0);
  }
});

it('takes lists that are written as text for lists', async () => {
  const file = temp.write(
    'lists.csv',
    `uniq_id,product_name,product_category_tree,retail_price,image,tags
u1,Shorts,"[""Clothing >> Women's Clothing >> Shorts""]",101,"[""http://x/1a.jpg"", ""http://x/1b.jpg""]","['new', 'blue']"
u2,Lamp,"[""Home >> Lamps""]",82,[],drama|comedy
`,
  );
  const catalog = await loadCatalog(file);
  expect(catalog.items[0]).toMatchObject({
    id: 'u1',
    title: 'Shorts',
    category: "Clothing >> Women's Clothing >> Shorts",
    image: 'http://x/1a.jpg',
    metadata: { tags: ['new', 'blue'] },
  });
  expect(catalog.items[1].image).toBeUndefined();
  for (const filter of [
    'product_category_tree=Shorts',
    'category=Clothing',
    'tags=blue',
    'tags=comedy',
    'price>100',
  ])
    expect(passing(catalog, filter), filter).toBe(1);
});

it('takes nested objects apart and says what it leaves out', async () => {
  const file = temp.write('nested.jsonl', [
    {
      sku: 43900,
      name: 'Laptop',
      category: [
        { id: 'abcat1', name: 'Electronics' },
        { id: 'x', name: 'Laptop' },
      ],
      brand: { name: 'Acme', country: 'DE' },
      tags: ['a', null, 'b'],
      grid: [[1], [2]],
    },
    { sku: 43901, name: 'Mug', category: [{ id: 'y', name: 'Kitchen' }], brand: null, tags: [], grid: [[3]] },
  ]);
  const catalog = await loadCatalog(file);
  expect(catalog.items[0]).toMatchObject({
    id: '43900',
    category: 'Electronics | Laptop',
    metadata: {
      'category.id': ['abcat1', 'x'],
      'brand.name': 'Acme',
      'brand.country': 'DE',
      tags: ['a', 'b'],
    },
  });
  expect(catalog.report.leftOut).toEqual({ grid: 2 });
  for (const filter of ['category=Laptop', 'category.name=Laptop', 'brand.country=DE', 'tags=b'])
    expect(passing(catalog, filter), filter).toBe(1);
});

it.each([
  ['ID,Titel', { id: 'ID', title: 'Titel' }],
  ['sku,name', { id: 'sku' }],
  ['_id,name', { id: '_id' }],
  ['Product ID,Product Name', { id: 'Product ID', title: 'Product Name' }],
  ['listing_id,dish_name', { id: 'listing_id', title: 'dish_name' }],
  ['g:id,g:title', { id: 'g:id', title: 'g:title' }],
  ['seller-sku,item-name', { id: 'seller-sku', title: 'item-name' }],
  ['movieId,description', { id: 'movieId', text: '{description}' }],
])('finds the columns of %s', async (header, found) => {
  const catalog = await loadCatalog(temp.write('usual.csv', `${header}\n1,red jacket\n2,blue hat\n`));
  expect(catalog.report.found).toEqual(found);
  expect(catalog.items.map(({ id, title }) => [id, title])).toEqual([
    ['1', 'red jacket'],
    ['2', 'blue hat'],
  ]);
});

it('keeps the digits of long ids, also in sets', async () => {
  const file = temp.write(
    'big.jsonl',
    '{"id": 7234567890123456789, "title": "a"}\n{"id": 7234567890123456790, "title": "b"}\n',
  );
  const { items } = await loadCatalog(file);
  expect(items.map(({ id }) => id)).toEqual(['7234567890123456789', '7234567890123456790']);
});

it('reads several files, and a folder of shards, as one catalog', async () => {
  const shard = (from: number) => `id,title\n${from},item ${from}\n${from + 1},item ${from + 1}\n`;
  mkdirSync(temp.path('shards'));
  const files = [
    temp.write('shards/part-0.csv', shard(0)),
    temp.write('shards/part-1.csv.gz', gzipSync(shard(2))),
  ];
  temp.write('shards/_SUCCESS', '');
  for (const given of [files, temp.path('shards')]) {
    const { items, report } = await loadCatalog(given);
    expect(items.map(({ id }) => id)).toEqual(['0', '1', '2', '3']);
    expect(report.rows).toBe(4);
  }
  temp.write('shards/part-2.csv', shard(1));
  const { report } = await loadCatalog(temp.path('shards'));
  expect(report.skipped.count).toBe(2);
  expect(report.skipped.first[0]).toMatch(
    /part-2\.csv:2: field "id": "1" is already the id of .*part-0\.csv, line 3/,
  );
  temp.write('shards/more.jsonl', '{}');
  await expect(loadCatalog(temp.path('shards'))).rejects.toThrow(
    'is a folder with files of several formats (.jsonl, .csv)',
  );
  mkdirSync(temp.path('data'));
  temp.write('data/catalog.jsonl', [{ id: 'a', title: 'a' }]);
  temp.write('data/sets.jsonl', [{ items: ['a'] }]);
  expect((await loadCatalog(temp.path('data'))).items).toHaveLength(1);
  mkdirSync(temp.path('nothing'));
  await expect(loadCatalog(temp.path('nothing'))).rejects.toThrow('is a folder without a file of records');
});
