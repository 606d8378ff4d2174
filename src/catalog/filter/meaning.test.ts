/** What filters mean, however catalog and filter write it: against a reader who knows the values behind the texts. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InputError } from '../../errors.js';
import type { Item, MetadataValue } from '../item.js';
import { compileMask } from './filterTable.js';

/** An item as it is. */
interface Thing {
  readonly cents?: number;
  readonly added?: number;
  readonly active?: boolean;
  readonly serial?: bigint;
  readonly tags: readonly string[];
  readonly path: readonly string[];
}

const TAGS = ['new', 'Sale', 'dark blue', "men's"];
const PATHS = [
  ['Home & Kitchen', 'Pans'],
  ['Home & Kitchen', 'Pots', 'Large Pots'],
  ['Garden', 'Pots'],
];
const SERIAL = 2n ** 62n;
const DAY = 86_400_000;
const FROM = Date.UTC(2023, 10, 1);

const thing: fc.Arbitrary<Thing> = fc.record(
  {
    cents: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 200_000_000 })),
    added: fc.integer({ min: 0, max: 24 * 120 }).map((hours) => FROM + (hours * DAY) / 24),
    active: fc.boolean(),
    serial: fc.bigInt({ min: SERIAL, max: SERIAL + 3n }),
    tags: fc.subarray(TAGS),
    path: fc.constantFrom(...PATHS),
  },
  { requiredKeys: ['tags', 'path'] },
);
/** Make sure that every field exists and every value of the few is there. */
const BASE: readonly Thing[] = [
  { cents: 1999, added: FROM, active: true, serial: SERIAL, tags: TAGS.slice(0, 2), path: PATHS[0] },
  {
    cents: 129_950,
    added: FROM + DAY,
    active: false,
    serial: SERIAL + 1n,
    tags: TAGS.slice(1),
    path: PATHS[1],
  },
  {
    cents: 550,
    added: FROM + 50 * DAY,
    active: true,
    serial: SERIAL + 2n,
    tags: TAGS.slice(2),
    path: PATHS[2],
  },
];

const amount = (locale: string, cents: number) =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: 2 }).format(cents / 100);
const offset = (ms: number, hours: number) =>
  new Date(ms + hours * 3_600_000).toISOString().replace('Z', `+0${hours}:00`);

/** How a catalog may write each field. */
const STYLES = {
  cents: [
    (cents: number) => cents / 100,
    (cents: number) => (cents / 100).toFixed(2),
    (cents: number) => `$${amount('en-US', cents)}`,
    (cents: number) => `${amount('en-US', cents)} USD`,
    (cents: number) => `${amount('de-DE', cents)} €`,
    (cents: number) => (cents / 100).toFixed(2).replace('.', ','),
    (cents: number) => `₹${amount('en-IN', cents)}`,
    (cents: number) => `${amount('fr-FR', cents)} EUR`,
  ],
  added: [
    (ms: number) => new Date(ms).toISOString(),
    (ms: number) => offset(ms, 2),
    (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' '),
  ],
  active: [
    (is: boolean) => is,
    (is: boolean) => (is ? 'True' : 'False'),
    (is: boolean) => (is ? 'TRUE' : 'false'),
  ],
  tags: [
    (tags: readonly string[]) => tags,
    (tags: readonly string[]) => JSON.stringify(tags),
    (tags: readonly string[]) =>
      `[${tags.map((tag) => (tag.includes("'") ? `"${tag}"` : `'${tag}'`)).join(', ')}]`,
    (tags: readonly string[]) => tags.join('|'),
    (tags: readonly string[]) => tags.join(', '),
    (tags: readonly string[]) => tags.join(';'),
  ],
  path: [' > ', ' >> ', '>', ' › '].map((sign) => (path: readonly string[]) => path.join(sign)),
} as const;

interface Style {
  readonly cents: (cents: number) => MetadataValue;
  readonly added: (ms: number) => MetadataValue;
  readonly active: (is: boolean) => MetadataValue;
  readonly tags: (tags: readonly string[]) => MetadataValue;
  readonly path: (path: readonly string[]) => string;
}
const style: fc.Arbitrary<Style> = fc.record({
  cents: fc.constantFrom(...STYLES.cents),
  added: fc.constantFrom(...STYLES.added),
  active: fc.constantFrom(...STYLES.active),
  tags: fc.constantFrom(...STYLES.tags),
  path: fc.constantFrom(...STYLES.path),
});

function written({ cents, added, active, serial, tags, path }: Thing, id: number, how: Style): Item {
  return {
    id: String(id),
    title: 'thing',
    text: 'thing',
    category: how.path(path),
    metadata: {
      ...(cents !== undefined && { Price: how.cents(cents) }),
      ...(added !== undefined && { 'Added on': how.added(added) }),
      ...(active !== undefined && { active: how.active(active) }),
      ...(serial !== undefined && { serial: String(serial) }),
      tags: how.tags(tags),
    },
  };
}

/** A filter as it is written, and whom it lets pass. */
interface Asked {
  readonly text: string;
  readonly passes: (thing: Thing) => boolean;
  /** Whether a condition that is not negated, or one that is, asks for what is never there. */
  readonly unknown: boolean;
  readonly unknownNot: boolean;
}

const leafOf = (text: string, passes: Asked['passes'], unknown = false): Asked => ({
  text,
  passes,
  unknown,
  unknownNot: false,
});

const COMPARE = {
  '=': (order: number) => order === 0,
  '!=': (order: number) => order !== 0,
  '<': (order: number) => order < 0,
  '<=': (order: number) => order <= 0,
  '>': (order: number) => order > 0,
  '>=': (order: number) => order >= 0,
} as const;
type Op = keyof typeof COMPARE;
const op = fc.constantFrom(...(Object.keys(COMPARE) as Op[]));

/** A missing value is not equal, and neither less nor more. */
const compared = <T extends number | bigint>(found: T | undefined, sign: Op, wanted: T) =>
  found === undefined ? sign === '!=' : COMPARE[sign](found < wanted ? -1 : found > wanted ? 1 : 0);

const money = fc.oneof(fc.integer({ min: 0, max: 2100 }), fc.constantFrom(1999, 129_950, 550));
const plain = (cents: number) => (cents % 100 === 0 ? String(cents / 100) : (cents / 100).toFixed(2));
const priceName = fc.constantFrom('Price', 'price', 'PRICE', '"Price"');

const price = fc.oneof(
  fc
    .tuple(priceName, op, money)
    .map(([name, sign, cents]) =>
      leafOf(`${name}${sign}${plain(cents)}`, (thing) => compared(thing.cents, sign, cents)),
    ),
  fc.tuple(priceName, money, money, fc.boolean()).map(([name, a, b, words]) => {
    const [least, most] = [Math.min(a, b), Math.max(a, b)];
    const text = words
      ? `${name} between ${plain(least)} AND ${plain(most)}`
      : `${name} ${plain(least)}..${plain(most)}`;
    return leafOf(text, ({ cents }) => cents !== undefined && cents >= least && cents <= most);
  }),
  fc
    .tuple(fc.array(money, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([all, isNot]) =>
      leafOf(
        `price ${isNot ? 'not ' : ''}IN (${all.map(plain).join(', ')})`,
        ({ cents }) => isNot !== (cents !== undefined && all.includes(cents)),
      ),
    ),
);

/** Day, month and year as the time they cover; "later than 2024" is later than its first moment. */
const added = fc
  .tuple(op, fc.integer({ min: 0, max: 130 }), fc.constantFrom('day', 'month', 'year', 'hour'))
  .map(([sign, days, what]) => {
    const date = new Date(FROM + days * DAY);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    const { text, start, end } = {
      hour: { text: date.toISOString(), start: date.getTime(), end: date.getTime() + 1 },
      day: { text: date.toISOString().slice(0, 10), start: date.getTime(), end: date.getTime() + DAY },
      month: {
        text: date.toISOString().slice(0, 7),
        start: Date.UTC(year, month),
        end: Date.UTC(year, month + 1),
      },
      year: { text: String(year), start: Date.UTC(year, 0), end: Date.UTC(year + 1, 0) },
    }[what];
    const after = what === 'month' || what === 'year' ? start + 1 : end;
    const test: Record<Op, (ms: number) => boolean> = {
      '=': (ms) => ms >= start && ms < end,
      '!=': (ms) => ms < start || ms >= end,
      '<': (ms) => ms < start,
      '<=': (ms) => ms < end,
      '>': (ms) => ms >= after,
      '>=': (ms) => ms >= start,
    };
    return leafOf(`added on${sign}${text}`, (thing) =>
      thing.added === undefined ? sign === '!=' : test[sign](thing.added),
    );
  });

const active = fc
  .tuple(fc.constantFrom('true', 'True', 'FALSE', 'false'), fc.boolean())
  .map(([word, isNot]) =>
    leafOf(
      `Active${isNot ? '!=' : '='}${word}`,
      (thing) => isNot !== (thing.active === (word.toLowerCase() === 'true')),
    ),
  );

const serial = fc
  .tuple(op, fc.bigInt({ min: SERIAL - 1n, max: SERIAL + 4n }))
  .map(([sign, wanted]) =>
    leafOf(`serial ${sign} ${wanted}`, (thing) => compared(thing.serial, sign, wanted)),
  );

const quoted = (value: string) => `"${value}"`;
const cased = (value: string) => fc.constantFrom(value, value.toUpperCase(), value.toLowerCase());
const tags = fc.oneof(
  fc
    .tuple(fc.constantFrom(...TAGS, 'nosuch').chain(cased), fc.constantFrom('=', '!=', '~'))
    .map(([tag, sign]) => {
      const same = (found: string) => found.toLowerCase() === tag.toLowerCase();
      const has = (thing: Thing) => thing.tags.some(same);
      const unknown = !TAGS.some(same);
      if (sign === '~' || sign === '=') return leafOf(`tags ${sign} ${quoted(tag)}`, has, unknown);
      return { ...leafOf(`tags!=${tag}`, (thing) => !has(thing)), unknownNot: unknown };
    }),
  fc.array(fc.constantFrom(...TAGS, 'nosuch'), { minLength: 1, maxLength: 3 }).map((all) =>
    leafOf(
      `tags IN (${all.map(quoted).join(', ')})`,
      (thing) => thing.tags.some((tag) => all.includes(tag)),
      all.every((tag) => tag === 'nosuch'),
    ),
  ),
);

/** A piece of a path, in other capitals and with other signs between its steps. */
const path = fc
  .tuple(
    fc.constantFrom(...PATHS),
    fc.nat(2),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom(' > ', '>', ' » '),
  )
  .map(([steps, first, length, sign]) => {
    const wanted = steps.slice(Math.min(first, steps.length - 1)).slice(0, length);
    const isPiece = (found: readonly string[]) =>
      found.some((_, i) => wanted.every((step, j) => found[i + j] === step));
    return leafOf(`category=${quoted(wanted.join(sign).toUpperCase())}`, (thing) => isPiece(thing.path));
  });

const missing = fc
  .tuple(fc.constantFrom('Price', 'added on', 'active', 'serial', 'tags'), fc.boolean())
  .map(([name, isNot]) => {
    const key = { Price: 'cents', 'added on': 'added', active: 'active', serial: 'serial', tags: 'tags' }[
      name
    ];
    const has = (thing: Thing) => {
      const value = thing[key as keyof Thing];
      return value !== undefined && !(Array.isArray(value) && value.length === 0);
    };
    return leafOf(`${name} IS ${isNot ? 'not ' : ''}missing`, (thing) => has(thing) === isNot);
  });

const { asked } = fc.letrec<{ asked: Asked }>((tie) => ({
  asked: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(price, added, active, serial, tags, path, missing),
    ...(['AND', 'or'] as const).map((word) =>
      fc.array(tie('asked'), { minLength: 2, maxLength: 3 }).map((parts) => ({
        text: `(${parts.map(({ text }) => text).join(` ${word} `)})`,
        passes: (thing: Thing) =>
          word === 'AND'
            ? parts.every(({ passes }) => passes(thing))
            : parts.some(({ passes }) => passes(thing)),
        unknown: parts.some(({ unknown }) => unknown),
        unknownNot: parts.some(({ unknownNot }) => unknownNot),
      })),
    ),
    tie('asked').map(({ text, passes, unknown, unknownNot }) => ({
      text: `NOT (${text})`,
      passes: (thing: Thing) => !passes(thing),
      unknown: unknownNot,
      unknownNot: unknown,
    })),
  ),
}));

it('passes whom it should, and refuses to pass nobody for a value that is never there', () => {
  fc.assert(
    fc.property(fc.array(thing, { maxLength: 15 }), style, asked, (some, how, { text, passes, unknown }) => {
      const things = [...BASE, ...some];
      const items = things.map((one, i) => written(one, i, how));
      const expected = things.map((one) => Number(passes(one)));
      if (unknown && !expected.includes(1)) expect(() => compileMask(items, text)).toThrow(InputError);
      else expect([...compileMask(items, text)]).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});
