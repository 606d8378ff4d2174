/** Catalogs of any size: what search and compilation cost depends on how many items there are, and little on what they are. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readLines } from '../../examples/quickstart/data.js';
import { type Matrix, matrix, normalizeRows, row } from '../../src/matrix.js';
import { CounterRandom } from '../../src/random.js';

export const DIM = 128;
const CENTRES = 1000;

/** Unit vectors around a thousand centres, [rows, DIM], as the items of a catalog lie around its topics. */
export function clusteredRows(rows: number, stream: string): Matrix {
  const centres = matrix(CENTRES, DIM);
  new CounterRandom(1, 'growth/centres').fillNormal(centres.data);
  const out = matrix(rows, DIM);
  new CounterRandom(1, 'growth', stream).fillNormal(out.data, 0.7);
  for (let i = 0; i < rows; i++) {
    const [own, centre] = [row(out, i), row(centres, (i * 7919) % CENTRES)];
    for (let d = 0; d < DIM; d++) own[d] += centre[d];
  }
  return normalizeRows(out);
}

interface Grocery {
  readonly title: string;
  readonly aisle: string;
}

/** Writes a catalog of texts: two groceries each, with a category and a price. */
export async function writeCatalog(file: string, items: number): Promise<void> {
  const groceries = readLines<Grocery>('examples/kitchen/groceries.jsonl');
  const random = new CounterRandom(1, 'growth/texts');
  const any = () => groceries[Math.floor(groceries.length * random.uniform())];
  const out = createWriteStream(file);
  for (let i = 0; i < items; i++) {
    const [first, second] = [any(), any()];
    const item = {
      id: `${i}`,
      title: `${first.title} with ${second.title}`,
      category: first.aisle,
      price: Math.floor(10_000 * random.uniform()) / 100,
    };
    if (!out.write(`${JSON.stringify(item)}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}
