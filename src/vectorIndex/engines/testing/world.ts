/** Items, vectors and conditions that engines are tried with. */
import type { FilterInput } from '../../../catalog/filter/filter.js';
import { describeMask } from '../../../catalog/filter/filterPlan.js';
import type { FilterTable } from '../../../catalog/filter/filterTable.js';
import type { Item } from '../../../catalog/item.js';
import { type Matrix, matrix, normalizeRows, row } from '../../../matrix.js';
import { CounterRandom } from '../../../random.js';

export const ITEMS = 3000;
export const DIM = 16;
const COLORS = ['red', 'Dark Blue', 'it\'s "green"', 'a=b', 'çam\\yeşili'];

/** An item with a word that no other has. */
export const RARE = { item: 1234, word: 'zorblatt' };

/** Words without English endings, the first ones in many texts, the last in few. */
const SYLLABLES = [...'bdfgklmprtvz'].flatMap((consonant) => [...'aou'].map((vowel) => consonant + vowel));
const VOCABULARY = Array.from({ length: 400 }, (_, i) => {
  const [first, second] = [i % 36, (i + 5 * Math.floor(i / 36)) % 36];
  return `${SYLLABLES[first]}${SYLLABLES[second]}m`;
});

/** Queries of three words, more and less frequent ones, some of which are in no text together. */
export const WORD_QUERIES = Array.from({ length: 40 }, (_, i) =>
  [VOCABULARY[5 + i], VOCABULARY[60 + 3 * i], VOCABULARY[200 + 4 * i]].join(' '),
);

function wordsOfItem(random: CounterRandom): string {
  const words = Array.from({ length: 8 }, () => VOCABULARY[Math.floor(400 * random.uniform() ** 2)]);
  return words.join(' ');
}

export function world(): { items: Item[]; vectors: Matrix; directions: Matrix } {
  const random = new CounterRandom(1, 'conformance');
  const words = new CounterRandom(1, 'words');
  const unit = (rows: number) =>
    normalizeRows(
      matrix(
        rows,
        DIM,
        Float32Array.from({ length: rows * DIM }, () => random.normal()),
      ),
    );
  const items = Array.from({ length: ITEMS }, (_, i): Item => {
    const day = new Date(Date.UTC(2022, 0, 1 + (i % 1000))).toISOString().slice(0, 10);
    return {
      id: i % 7 === 0 ? `odd/id "${i}" ü` : `item-${i}`,
      title: `Tent ${i}`,
      text: `Tent ${i}. ${'A long text. '.repeat(i % 40)}${wordsOfItem(words)}${i === RARE.item ? ` ${RARE.word}` : ''}`,
      category: ['Home > Garden > Pots', 'Home > Kitchen', 'Toys'][i % 3],
      metadata: {
        ...(i % 4 !== 0 && { color: COLORS[i % COLORS.length] }),
        ...(i % 5 !== 0 && { 'Price (USD)': `$${(1 + (i % 400) * 2.5).toFixed(2)}` }),
        ...(i % 6 !== 0 && { added: day }),
        tags: i % 8 === 0 ? [] : [`t${i % 9}`, `t${i % 4}`],
        sizes: [i % 11, 20 + (i % 5)],
        stock: i % 2 === 0,
        serial: `${9007199254740000n + BigInt(i % 50) * 10_000n}`,
      },
    };
  });
  return { items, vectors: unit(ITEMS), directions: unit(8) };
}

/** One of every operator, and of every kind of field. */
export const CONDITIONS: readonly FilterInput[] = [
  'color=red',
  'color!=red',
  'color="DARK  blue"',
  'color IN (red, "dark blue", "a=b")',
  'color NOT IN (red, "it\'s \\"green\\"")',
  { field: 'color', op: '=', value: 'çam\\yeşili' },
  'color~blue',
  'color IS MISSING',
  'color IS NOT MISSING',
  'color<d',
  '"Price (USD)"<50',
  '"Price (USD)">=$900.50',
  '"Price (USD)" 10..20',
  '"Price (USD)"=$11.00',
  '"Price (USD)"!=11',
  'added=2023-05',
  'added<=2022-03-04',
  'added>2024',
  'added BETWEEN 2022-06-01 AND 2022-06-30',
  'added IS MISSING',
  'category=Garden',
  'category="Home > Garden"',
  'tags=t3',
  'tags!=t3',
  'tags IS MISSING',
  'sizes>21',
  'sizes BETWEEN 8 AND 9',
  'stock=true',
  'serial>9007199254800000',
  'id="item-8"',
  'title="tent 12"',
  'title~"tent 12"',
  'text~"a long text. a long"',
  'title~tent',
  'title<"tent 5"',
];

/** Unit rows [n, 64] around 200 centres: nearer to what texts are than noise is. The first rows are the same for every n. */
export function clusters(n: number): Matrix {
  const random = new CounterRandom(3, 'clusters');
  const normals = (rows: number) =>
    matrix(
      rows,
      64,
      Float32Array.from({ length: rows * 64 }, () => random.normal()),
    );
  const centres = normals(200);
  const rows = normals(n);
  for (let i = 0; i < n; i++) {
    const own = row(rows, i);
    row(centres, (i * 7) % 200).forEach((value, d) => {
      own[d] = value + 0.7 * own[d];
    });
  }
  return normalizeRows(rows);
}

/** The rows that pass, as a request would have them: with the filter that they were made of. */
export const maskOf = (table: FilterTable, filter: FilterInput): Uint8Array =>
  describeMask(table.mask(filter), () => table.plan(filter));
