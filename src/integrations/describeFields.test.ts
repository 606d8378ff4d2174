import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fieldInfo } from '../catalog/filter/fieldInfo.js';
import { FilterTable } from '../catalog/filter/filterTable.js';
import type { Item, MetadataValue } from '../catalog/item.js';
import { describeFields, examplesOf } from './describeFields.js';

const itemsOf = (records: readonly Record<string, MetadataValue>[]): Item[] =>
  records.map((metadata, i) => ({ id: `${i}`, title: `item ${i}`, text: `item ${i}`, metadata }));

it('gives examples that the grammar reads and some item passes, whatever the fields', () => {
  const name = fc.constantFrom('color', 'Price in EUR', 'and', 'a=b', 'is "new"', 'größe', 'in stock');
  const word = fc.oneof(
    fc.string({ minLength: 1, maxLength: 8 }),
    fc.constantFrom('red', 'dark blue', 'a|b', 'x, y', 'salt AND pepper', 'say "hi"', "it's", 'back\\slash'),
  );
  const value = fc.oneof(
    word,
    fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => Math.round(x * 100) / 100),
    fc.boolean(),
    fc
      .date({ min: new Date('1990-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
      .map((day) => day.toISOString().slice(0, 10)),
  );
  const records = fc.array(fc.dictionary(name, value, { minKeys: 1, maxKeys: 3 }), {
    minLength: 2,
    maxLength: 6,
  });
  fc.assert(
    fc.property(records, (metadata) => {
      const table = new FilterTable(itemsOf(metadata));
      for (const field of fieldInfo(table))
        for (const example of examplesOf(field))
          expect(table.mask(example), `${example} of ${JSON.stringify(field)}`).toContain(1);
    }),
    { numRuns: 300 },
  );
});

it('tells a model the grammar, and each field with what it holds', () => {
  const table = new FilterTable(
    itemsOf([
      { color: 'red', price: '10 EUR', day: '2024-01-05', tags: ['a', 'b'] },
      { color: 'dark blue', price: '20 EUR', day: '2024-02-05', tags: ['b'] },
    ]),
  );
  const text = describeFields(fieldInfo(table));
  expect(text).toContain('field IN (a, b)');
  expect(text).toContain('color (text): red, dark blue');
  expect(text).toContain('price (number, EUR) from 10 to 20');
  expect(text).toContain('day (date) from 2024-01-05 to 2024-02-05');
  expect(text).toContain('tags (text, several values): b, a');
  expect(describeFields([])).toBe('The items have no fields besides id, title and text.');
});
