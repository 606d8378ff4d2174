/** The SQL of docs/order-history.md makes sets as `compile --sets` reads them. */
import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, expect, it } from 'vitest';
import { loadCatalog } from './catalog.js';
import { loadSets } from './sets.js';
import { tempFolder } from './testing/tempFolder.js';

const temp = tempFolder();
const page = readFileSync(new URL('../../docs/order-history.md', import.meta.url), 'utf8');
const statements = Array.from(page.matchAll(/```sql\n(.*?)```/gs), ([, sql]) => sql);

beforeAll(async () => {
  const csv = (...rows: string[]) => `${rows.join('\n')}\n`;
  temp.write('products.csv', csv('sku,title', 'p1,Tent', 'p2,Stove', 'p3,Lamp', 'p4,Jacket', 'p5,Socks'));
  temp.write(
    'orders.csv',
    csv(
      'order_id,session_id,sku',
      ...['o1,s1,p1', 'o1,s1,p2', 'o1,s1,p3', 'o2,s2,p1', 'o2,s2,p2', 'o2,s2,p3', 'o2,s2,p5'],
      ...['o3,s3,p1', 'o3,s3,p2', 'o4,s4,p4', 'o4,s4,p5'],
    ),
  );
  temp.write('searches.csv', csv('session_id,query', 's1,camping', 's2,Camping ', 's3,camping', 's4,rain'));
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  // The page names files of the current folder.
  for (const sql of statements)
    await connection.run(
      sql.replace(/'([\w-]+\.(?:csv|jsonl))'/g, (_, name: string) => `'${temp.path(name)}'`),
    );
});

const sets = async (name: string) => {
  const { rowOf, items } = await loadCatalog(temp.path('products.csv'));
  const found = await loadSets(temp.path(name), { rowOf }, { strict: true });
  return found.map(({ id, query, items: rows }) => ({ id, query, items: rows.map((row) => items[row].id) }));
};

it('from searches and what was bought then, by at least two orders', async () => {
  expect(statements).toHaveLength(3);
  // p5 was bought once, and "rain" has too few items.
  expect(await sets('sets.jsonl')).toEqual([{ query: 'camping', items: ['p1', 'p2', 'p3'] }]);
});

it('from baskets, with their order as id and no query', async () => {
  expect(await sets('baskets.jsonl')).toEqual([
    { id: 'o1', items: ['p1', 'p2', 'p3'] },
    { id: 'o2', items: ['p1', 'p2', 'p3', 'p5'] },
  ]);
});

it('from what was bought together, the commonest first', async () => {
  expect(await sets('goes-with.jsonl')).toEqual([
    { query: 'Lamp', items: ['p1', 'p2'] },
    { query: 'Stove', items: ['p1', 'p3'] },
    { query: 'Tent', items: ['p2', 'p3'] },
  ]);
});
