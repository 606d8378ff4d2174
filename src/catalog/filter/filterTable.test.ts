import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Item, Metadata, MetadataValue } from '../item.js';
import type { Filter, Filters } from './filter.js';
import { compileMask, FilterTable, fieldTypes } from './filterTable.js';

const item = (id: string, metadata: Metadata, category?: string): Item => ({
  id,
  text: `text of ${id}`,
  title: id,
  ...(category !== undefined && { category }),
  metadata,
});

/** One field's values as a catalog. */
const catalog = (field: string, values: readonly MetadataValue[]) =>
  values.map((value, i) => item(String(i), { [field]: value }));

const shop = [
  item(
    'a',
    { price: 50, color: 'red', tags: ['x', 'y'], isNew: true, since: '2024-01-05', size: 38 },
    'Shoes',
  ),
  item('b', { price: '120.5', color: 'Blue', tags: [], since: '2023-11-30', size: 'XL' }, 'Boots'),
  item('c', { price: null, color: 'green', isNew: false, size: '' }),
];

/** The ids that pass. */
const pass = (filters: Filters, items: readonly Item[] = shop) => {
  const mask = compileMask(items, filters);
  return items.filter((_, row) => mask[row] === 1).map(({ id }) => id);
};

describe('compileMask', () => {
  it.each<[Filters, string[]]>([
    ['category=Shoes', ['a']],
    ['category!=Shoes', ['b', 'c']],
    ['category=Shoes|Boots', ['a', 'b']],
    ['category~oo', ['b']],
    ['id=c', ['c']],
    ['price<100', ['a']],
    ['price>50', ['b']],
    ['price>=50', ['a', 'b']],
    ['price<=50.0', ['a']],
    ['price=120.50', ['b']],
    ['price<0', []],
    ['price 50..100', ['a']],
    ['price>1 AND NOT price>100', ['a']],
    ['NOT price>100', ['a', 'c']],
    ['price<20 OR price>60', ['b']],
    ['price IS MISSING', ['c']],
    ['size IS NOT MISSING', ['a', 'b']],
    ['tags IS MISSING', ['b', 'c']],
    ['size=XL', ['b']],
    ['size>=36', ['a']],
    ['since>2023-12-01', ['a']],
    ['since=2024', ['a']],
    ['color~BLUE|ree', ['b', 'c']],
    ['color<c', ['b']],
    ['color IN (red, Blue)', ['a', 'b']],
    ['tags=y', ['a']],
    ['tags!=y', ['b', 'c']],
    ['isNew=True', ['a']],
    ['PRICE<100 and Color=red', ['a']],
    ['text~of c', ['c']],
    [['price>=50', { field: 'color', op: '=', value: ['Blue', 'red'] }, 'tags=x'], ['a']],
    [{ field: 'isNew', op: '=', value: false }, ['c']],
    [{ field: 'price', op: 'between', value: [50, 121] }, ['a', 'b']],
    [{ or: ['color=green', { and: ['price>1', { not: { field: 'tags', op: 'missing' } }] }] }, ['a', 'c']],
    [[], ['a', 'b', 'c']],
  ])('%j', (filters, ids) => {
    expect(pass(filters)).toEqual(ids);
  });

  it.each<[Filters, string]>([
    [
      'colour=red',
      'field "colour": no item has it; did you mean color? The fields are id, title, text, category, price',
    ],
    ['constructor=x', 'no item has it; the fields are id'],
    [
      'price<5,5',
      'field "price": holds numbers such as 50 and "120.5", got "5,5"; write price<5.5, with a decimal point',
    ],
    ['price=cheap', 'got "cheap"; write e.g. price=50'],
    ['price!=cheap', 'got "cheap"; write e.g. price!=50'],
    ['price>=1,299', '"1,299" could be 1299 or 1.299; write one of these'],
    ['price=1..5', 'write price 1..5, without ='],
    ['price=null', 'write price IS MISSING'],
    ['price<true', 'got "true"'],
    ['since>yesterday', 'field "since": holds dates such as "2024-01-05" and "2023-11-30", got "yesterday"'],
    ['isNew=maybe', 'field "isNew": holds true or false, got "maybe"; write e.g. isNew=true'],
    ['isNew<true', 'holds true or false, and neither is more'],
    ['color<10', 'field "color": holds text such as "red" and "Blue", which cannot be compared with "10"'],
    ['color>2024-01-01', 'cannot be compared with "2024-01-01"'],
    ['price 100..50', 'is never from 100 to 50; write the smaller one first'],
    [
      { field: 'id', op: '==' as never, value: 'a' },
      'expected one of = != < <= > >= ~ in between missing in "op"',
    ],
    [{ field: 'id', op: '=' } as never, 'expected a text, number or boolean in "value"'],
    [{ field: 'price', op: 'between', value: [1] } as never, 'expected the least and the greatest'],
    [{ and: [] }, 'expected a list of filters in "and"'],
    [5 as never, '5 is not a filter; expected a text such as price<50, or an object'],
    [Array(1001).fill('id=a'), 'has more than 1000 conditions'],
  ])('refuses %j', (filters, message) => {
    expect(() => pass(filters)).toThrow(message);
  });

  it('refuses what is nested without end', () => {
    let deep: Filter = { field: 'id', op: 'missing' };
    for (let i = 0; i < 100_000; i++) deep = { not: deep };
    expect(() => pass(deep)).toThrow('is nested more than 100 levels deep');
    const itself: { and: Filter[] } = { and: [] };
    itself.and.push(itself);
    expect(() => pass(itself)).toThrow('levels deep');
  });

  it('asks for capitals where two fields differ in nothing else', () => {
    const items = [item('a', { size: 1, Size: 2 })];
    expect(pass('Size=2', items)).toEqual(['a']);
    expect(() => pass('SIZE=2', items)).toThrow('field "SIZE": could be size or Size; write it like that');
  });

  it('compares money and decimal commas as numbers', () => {
    const money = catalog('price', ['100.19 USD', '49.99 USD', '1,371.38 USD']);
    expect(pass('price<50', money)).toEqual(['1']);
    expect(pass('price>=100.19 USD', money)).toEqual(['0', '2']);
    expect(() => pass('price<50 EUR', money)).toThrow('got "50 EUR"; write e.g. price<100.19 USD');
    const comma = catalog('price', ['19,99', '1.299,00', '9,50']);
    expect(pass('price<19,995', comma)).toEqual(['0', '2']);
    expect(pass('price=9.5', comma)).toEqual(['2']);
    expect(pass('price>=1.299,00', comma)).toEqual(['1']);
    expect(() => pass('price<1.299', comma)).toThrow('"1.299" could be 1299 or 1,299; write one of these');
    const mixed = catalog('price', ['5 USD', '6 USD', '7 EUR', '8 EUR']);
    expect(() => pass('price<6', mixed)).toThrow('holds text such as "5 USD" and "6 USD"');
  });

  it('keeps the digits of long numbers', () => {
    const ids = catalog('code', ['9007199254740992', '9007199254740993', '9007199254740994']);
    expect(pass('code=9007199254740993', ids)).toEqual(['1']);
    expect(pass('code>9007199254740992', ids)).toEqual(['1', '2']);
    expect(() => pass({ field: 'code', op: '=', value: 2 ** 53 }, ids)).toThrow(
      'has lost digits as a number; write it as a text, "9007199254740992"',
    );
    const codes = catalog('zip', ['01234', '12345', '01235']);
    expect(pass('zip=01234', codes)).toEqual(['0']);
  });

  it('compares dates as instants, and keeps days whole', () => {
    const days = [
      '2024-01-04T23:59:59Z',
      '2024-01-05T00:00:00.000Z',
      '2024-01-06T01:00:00+02:00',
      '2024-01-06',
    ];
    const items = catalog('day', days);
    expect(pass('day=2024-01-05', items)).toEqual(['1', '2']);
    expect(pass('day<=2024-01-05', items)).toEqual(['0', '1', '2']);
    expect(pass('day>2024-01-05', items)).toEqual(['3']);
    expect(pass('day>=2024-01-06T00:00+01:00', items)).toEqual(['2', '3']);
    expect(pass('day 2024-01-05..2024-01-06', items)).toEqual(['1', '2', '3']);
    expect(pass('day>2023', items)).toEqual(['0', '1', '2', '3']);
    expect(pass('day>2024', items)).toEqual(['0', '1', '2', '3']);
    expect(pass('day<=2024-01', items)).toEqual(['0', '1', '2', '3']);
    expect(pass('day<2024 OR day>2025', items)).toEqual([]);
  });

  it('looks into lists and paths that are written as text', () => {
    const items = [
      item('a', { genres: 'Action|Comedy' }, 'Home & Kitchen > Pots'),
      item('b', { genres: '["Drama", "Comedy"]' }, '["Clothing >> Shorts"]'),
      item('c', { genres: 'Drama' }, 'Clothing'),
    ];
    expect(pass('genres=Comedy', items)).toEqual(['a', 'b']);
    expect(pass('genres!=Drama', items)).toEqual(['a']);
    expect(pass('genres="Action|Comedy"', items)).toEqual(['a']);
    expect(pass('category="Home & Kitchen > Pots"', items)).toEqual(['a']);
    expect(pass('category="clothing>shorts"', items)).toEqual(['b']);
    expect(pass('category=Clothing', items)).toEqual(['b', 'c']);
    expect(pass('category=Home & Kitchen', items)).toEqual(['a']);
    expect(pass('sizes>38', catalog('sizes', [[36, 38], [38, 40], '39|41']))).toEqual(['1', '2']);
  });
});

describe('a value that no item has', () => {
  const colors = Array.from({ length: 8 }, (_, i) =>
    item(String(i), { color: ['red', 'Blue'][i % 2], size: i }),
  );

  it.each([
    ['color=purple', 'field "color": is never "purple"; write e.g. color=red (it is "red", "Blue")'],
    ['Color=rede', 'field "Color": is never "rede"; did you mean Color=red?'],
    ['color=red,blue', 'is never "red,blue"; for one of several write color IN (red, blue)'],
    ['color=null', 'is never "null"; for items without one write color IS MISSING'],
    ['color~purp', 'never contains "purp"; write e.g. color~red'],
    ['color IN (purple, pink)', 'is never "purple"'],
    ['color=purple AND size<3', 'is never "purple"'],
    ['size<0 OR color=purple', 'is never "purple"'],
    ['NOT color!=purple', 'is never "purple"'],
    ['NOT (NOT color=purple)', 'is never "purple"'],
  ])('is refused where nothing passes: %s', (filter, message) => {
    expect(() => pass(filter, colors)).toThrow(message);
  });

  it.each([
    ['color=BLUE', '1357'],
    ['color IN (purple, red)', '0246'],
    ['color=purple OR size>6', '7'],
    ['color!=purple', '01234567'],
    ['NOT color=purple AND size<0', ''],
    ['color=red AND size=1', ''],
    ['size>1000', ''],
    ['color IS MISSING', ''],
  ])('changes nothing where others pass or none could: %s', (filter, ids) => {
    expect(pass(filter, colors).join('')).toBe(ids);
  });

  it('names the part that was meant', () => {
    const items = catalog('size', ['new, sale', 'new, sale']);
    expect(() => pass('size=sale', items)).toThrow(
      'is never "sale" alone; for a part of a text write size~sale',
    );
    expect(pass('size~sale', items)).toEqual(['0', '1']);
  });

  it('is no mistake where each item has its own', () => {
    const items = catalog(
      'sku',
      Array.from({ length: 60 }, (_, i) => `S${i}`),
    );
    expect(pass('sku=S60', items)).toEqual([]);
    expect(pass('id=60', items)).toEqual([]);
    expect(() => pass('sku=2024-01-05', items)).toThrow(
      'holds text such as "S0" and "S1", and none is "2024-01-05"',
    );
  });

  it('is refused of a field without any, and not where an item that is gone had it', () => {
    const empty = [item('a', { note: null, color: 'red' })];
    expect(() => pass('note=1', empty)).toThrow('field "note": has no value in any item');
    expect(() => pass('note<1', empty)).toThrow('field "note": has no value in any item');
    expect(pass('note IS MISSING', empty)).toEqual(['a']);
    const table = new FilterTable(empty, new Map(), [item('b', { note: 7, color: 'green', mass: 3 })]);
    for (const filter of ['note=7', 'color=green', 'mass>2', 'color=green AND mass=3'])
      expect([...table.mask(filter)]).toEqual([0]);
    expect(() => table.mask('color=purple')).toThrow('is never "purple"');
    expect(() => table.mask('width=1')).toThrow('no item has it');
  });
});

describe('texts', () => {
  it('are equal in other capitals, with other white space, and composed otherwise; ids are not', () => {
    const items = [item('aB', { city: 'Köln  Süd' }), item('ab', { city: 'k\u006f\u0308ln su\u0308d' })];
    expect(pass('city=KÖLN SÜD', items)).toEqual(['aB', 'ab']);
    expect(pass('city~öln s', items)).toEqual(['aB', 'ab']);
    expect(pass('id=ab', items)).toEqual(['ab']);
    expect(pass('id~AB', items)).toEqual(['aB', 'ab']);
  });

  it('a field is found in any capitals, under its own name too', () => {
    const items = [item('a', { Größe: 3 }, 'Shoes')];
    const table = new FilterTable(items, new Map([['Product_Type', 'category']]));
    for (const filter of [
      'Product_Type=shoes',
      'product_type=Shoes',
      'CATEGORY=Shoes',
      'GRÖSSE=3',
      'GRÖßE=3',
    ])
      if (filter.startsWith('GRÖSSE')) expect(() => table.mask(filter)).toThrow('did you mean Größe?');
      else expect([...table.mask(filter)]).toEqual([1]);
    expect(() => table.mask('produkt_type=shoes')).toThrow('did you mean Product_Type?');
  });
});

/** Of the shapes of exports that people have: what is right. */
describe('catalogs as people have them', () => {
  it.each<[string, readonly MetadataValue[], readonly (readonly [string, string])[]]>([
    [
      'money',
      ['19.99 USD', '49.00 USD', '1,371.38 USD'],
      [
        ['f<50', '01'],
        ['f<50 USD', '01'],
        ['f>1371', '2'],
      ],
    ],
    [
      'a sign in front',
      ['$5.00', '$1,299.00', '-$3'],
      [
        ['f>=1299', '1'],
        ['f<0', '2'],
        ['f=$5.00', '0'],
      ],
    ],
    [
      'money with decimal commas',
      ['19,99 €', '1.299,00 €'],
      [
        ['f<20', '0'],
        ['f=1299', '1'],
        ['f<=19,99', '0'],
      ],
    ],
    ['thousands of money', ['1.299 €', '999 €'], [['f<1000', '1']]],
    ['lakhs', ['₹1,29,999.00', '₹999.00'], [['f>100000', '0']]],
    [
      'decimal commas',
      ['19,99', '1.299,00', '9,50'],
      [
        ['f<19.99', '2'],
        ['f>=9,5', '012'],
      ],
    ],
    [
      'one of a few is a word',
      ['1', '2', '3', '4', 'on request'],
      [
        ['f>2', '23'],
        ['f=On Request', '4'],
      ],
    ],
    [
      'a percentage',
      ['0%', '15%', '7.5 %'],
      [
        ['f>7', '12'],
        ['f=15%', '1'],
      ],
    ],
    [
      'dates',
      ['2024-01-05T00:00:00.000Z', '2024-01-06T00:00:00.000Z'],
      [
        ['f=2024-01-05', '0'],
        ['f<=2024-01-05', '0'],
      ],
    ],
    [
      'instants',
      ['2024-01-05T23:30:00-02:00', '2024-01-05 10:00:00 +0000'],
      [
        ['f=2024-01-05', '1'],
        ['f>2024-01-06T01:00Z', '0'],
      ],
    ],
    [
      'years of dates',
      ['2023-12-31', '2024-02-02T01:00:00Z'],
      [
        ['f>2024', '1'],
        ['f<2024', '0'],
        ['f 2024..2025', '1'],
      ],
    ],
    ['days with slashes', ['2024/01/05', '2024/02/06'], [['f<2024-02', '0']]],
    [
      'booleans',
      [true, 'False', 'TRUE', null],
      [
        ['f=True', '02'],
        ['f=false', '1'],
        ['f IS MISSING', '3'],
      ],
    ],
    [
      'long integers',
      ['7234567890123456789', '7234567890123456790'],
      [
        ['f=7234567890123456789', '0'],
        ['f>7234567890123456789', '1'],
      ],
    ],
    [
      'lists with null',
      [['a', null as unknown as string], [null as unknown as string], '[]'],
      [
        ['f=a', '0'],
        ['f IS MISSING', '12'],
      ],
    ],
    [
      'lists of Python',
      ["['new', \"men's\", None]", "['sale']"],
      [
        ["f=men's", '0'],
        ['f=sale', '1'],
      ],
    ],
    [
      'lists with commas',
      ['new, sale', 'sale, summer', 'new'],
      [
        ['f=sale', '01'],
        ['f=new', '02'],
        ['f="new, sale"', '0'],
      ],
    ],
    ['lists with semicolons', ['Action;Comedy', 'Comedy'], [['f=comedy', '01']]],
    [
      'no lists',
      ['Soft, warm and wide', 'Warm, but too small'],
      [
        ['f~warm', '01'],
        ['f="soft, warm and wide"', '0'],
      ],
    ],
    [
      'paths',
      ['Home > Kitchen > Pans', 'Home>Garden', '<b>Home</b> > Pans'],
      [
        ['f=Home', '01'],
        ['f="Home > Kitchen"', '0'],
        ['f=Pans', '0'],
      ],
    ],
  ])('%s: %j', (_, values, asked) => {
    const items = catalog('f', values);
    for (const [filter, ids] of asked) expect([filter, pass(filter, items).join('')]).toEqual([filter, ids]);
  });

  it.each<[string, readonly MetadataValue[], string, string]>([
    ['numbers', [1, 2.5], 'f<5,5', 'write f<5.5, with a decimal point'],
    ['two conditions', [1, 2.5], 'f>=1 f<=2', 'expected AND or OR before the next condition'],
    [
      'another currency',
      ['5 USD', '7 USD'],
      'f<6 EUR',
      'holds numbers such as "5 USD" and "7 USD", got "6 EUR"',
    ],
    ['two currencies', ['5 USD', '6 USD', '7 EUR', '8 EUR'], 'f<6', 'holds text such as "5 USD"'],
    [
      'days in another order',
      ['1/2/2024', '2/2/2024'],
      'f>2024-01-05',
      'make them numbers or dates (2024-01-31)',
    ],
    ['days asked for in another order', ['2024-01-05T00:00:00Z'], 'f=05/01/2024', 'write e.g. f=2024-01-05'],
    ['ratings', ['4/5', '3/5'], 'f>3', 'cannot be compared with "3"'],
  ])('%s: %j refuses %s', (_, values, filter, message) => {
    expect(() => pass(filter, catalog('f', values))).toThrow(message);
  });
});

describe('fieldTypes', () => {
  it('says what each field is', () => {
    expect(fieldTypes(shop).slice(3)).toEqual([
      { name: 'category', kind: 'text', isList: false, items: 2, example: 'Shoes' },
      { name: 'price', kind: 'number', isList: false, items: 2, example: 50 },
      { name: 'color', kind: 'text', isList: false, items: 3, example: 'red' },
      { name: 'tags', kind: 'text', isList: true, items: 1, example: 'x' },
      { name: 'isNew', kind: 'boolean', isList: false, items: 2, example: true },
      { name: 'since', kind: 'date', isList: false, items: 2, example: '2024-01-05' },
      { name: 'size', kind: 'text', isList: false, items: 2, example: 38 },
    ]);
  });

  it.each<[MetadataValue[], string, boolean]>([
    [[1, '2', '3.5'], 'number', false],
    [['1', '2', '3', '4', 'unknown'], 'number', false],
    [['No rating', 'No rating', 'No rating', '4', '3', '2', '1'], 'number', false],
    [['1', '2', 'unknown'], 'text', false],
    [['True', 'false'], 'boolean', false],
    [['true', 'yes'], 'text', false],
    [['2024-01-05', '2024-01-05T10:00:00Z'], 'date', false],
    [['2024', '2023'], 'number', false],
    [[[1, 2], [3]], 'number', true],
    [['a|b', 'c'], 'text', true],
    [['36, 38', '38, 40'], 'number', true],
    [['19,99', '36,38,40'], 'text', false],
    [['1,299', '15'], 'number', false],
    [['36|38', '40'], 'number', true],
    [['Home > Pots'], 'text', false],
    [[null, ''], 'text', false],
  ])('%j is %s, list %j', (values, kind, isList) => {
    expect(fieldTypes(catalog('field', values)).at(-1)).toMatchObject({ name: 'field', kind, isList });
  });

  it('of rows without an item nothing counts', () => {
    const table = new FilterTable([...catalog('size', ['1', '2']), undefined]);
    expect(table.types().at(-1)).toMatchObject({ name: 'size', kind: 'number', items: 2 });
    expect(table.mask('size>1')).toEqual(Uint8Array.of(0, 1, 0));
  });
});

interface Thing {
  readonly price?: number | null;
  readonly color?: string;
  readonly day?: string;
  readonly isNew?: boolean;
  readonly sizes?: number[];
}

const DAYS = ['2024-01-04', '2024-01-05', '2024-01-06'];
const things = fc.array(
  fc.record(
    {
      price: fc.option(fc.integer({ min: 0, max: 5 })),
      color: fc.constantFrom('red', 'blue', 'green'),
      day: fc.constantFrom(...DAYS),
      isNew: fc.boolean(),
      sizes: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Thing>,
  { maxLength: 20 },
);
const ALL: Thing = { price: 3, color: 'red', day: DAYS[1], isNew: true, sizes: [2] };

const number = fc.integer({ min: -1, max: 6 });
const compared = fc.constantFrom('=', '!=', '<', '<=', '>', '>=');
const leaf: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    field: fc.constantFrom('price', 'sizes'),
    op: compared,
    value: fc.oneof(number, number.map(String)),
  }),
  fc.record({ field: fc.constant('day'), op: compared, value: fc.constantFrom(...DAYS) }),
  fc.record({
    field: fc.constant('color'),
    op: fc.constantFrom('=', '!='),
    value: fc.array(fc.constantFrom('red', 'blue', 'pink'), { minLength: 1 }),
  }),
  fc.record({ field: fc.constant('color'), op: fc.constant('~'), value: fc.constantFrom('RE', 'e', 'x') }),
  fc.record({
    field: fc.constant('price'),
    op: fc.constant('in'),
    value: fc.array(number, { minLength: 1 }),
  }),
  fc.record({
    field: fc.constant('price'),
    op: fc.constant('between'),
    value: fc.tuple(fc.constantFrom(0, 1, 2), fc.constantFrom(2, 4)),
  }),
  fc.record({ field: fc.constant('isNew'), op: fc.constantFrom('=', '!='), value: fc.boolean() }),
  fc.record({
    field: fc.constantFrom('price', 'color', 'day', 'isNew', 'sizes'),
    op: fc.constant('missing'),
  }),
) as fc.Arbitrary<Filter>;
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.record({ and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
}));

/** The same by looking at each thing; days in ISO form are in the order of their letters. */
function passes(thing: Thing, wanted: Filter): boolean {
  if ('and' in wanted) return wanted.and.every((part) => passes(thing, part as Filter));
  if ('or' in wanted) return wanted.or.some((part) => passes(thing, part as Filter));
  if ('not' in wanted) return !passes(thing, wanted.not as Filter);
  const found = [thing[wanted.field as keyof Thing] ?? []].flat();
  if (wanted.op === 'missing') return found.length === 0;
  const values = [wanted.value].flat().map((v) => (/^-?\d$/.test(String(v)) ? Number(v) : v));
  const any = (test: (a: string | number | boolean, b: string | number | boolean) => boolean) =>
    found.some((a) => values.some((b) => test(a, b)));
  switch (wanted.op) {
    case '=':
    case 'in':
      return any((a, b) => a === b);
    case '!=':
      return !any((a, b) => a === b);
    case '<':
      return any((a, b) => a < b);
    case '<=':
      return any((a, b) => a <= b);
    case '>':
      return any((a, b) => a > b);
    case '>=':
      return any((a, b) => a >= b);
    case '~':
      return any((a, b) => String(a).includes(String(b).toLowerCase()));
    case 'between':
      return found.some((a) => a >= values[0] && a <= values[1]);
  }
}

/** Whether it asks for a color that is never there, and not for what is not so. */
function isMistaken(wanted: Filter, all: readonly Thing[]): boolean {
  if ('and' in wanted) return wanted.and.some((part) => isMistaken(part as Filter, all));
  if ('or' in wanted) return wanted.or.some((part) => isMistaken(part as Filter, all));
  if ('not' in wanted) return isMistakenNot(wanted.not as Filter, all);
  return (
    wanted.field === 'color' && ['=', '~'].includes(wanted.op) && !all.some((one) => passes(one, wanted))
  );
}

function isMistakenNot(wanted: Filter, all: readonly Thing[]): boolean {
  if ('and' in wanted) return wanted.and.some((part) => isMistakenNot(part as Filter, all));
  if ('or' in wanted) return wanted.or.some((part) => isMistakenNot(part as Filter, all));
  if ('not' in wanted) return isMistaken(wanted.not as Filter, all);
  return wanted.field === 'color' && wanted.op === '!=' && all.every((one) => passes(one, wanted));
}

it('agrees with looking at each item', () => {
  fc.assert(
    fc.property(things, filter, (some, wanted) => {
      // The first makes sure that every field exists.
      const all = [ALL, ...some];
      const items = all.map((thing, i) => item(String(i), thing as Metadata));
      const expected = all.map((thing) => Number(passes(thing, wanted)));
      if (!expected.includes(1) && isMistaken(wanted, all))
        expect(() => compileMask(items, wanted)).toThrow('"red"');
      else expect([...compileMask(items, wanted)]).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
