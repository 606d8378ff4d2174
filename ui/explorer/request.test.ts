import fc from 'fast-check';
import { expect, it } from 'vitest';
import { searchRequestSchema } from '../../src/serve/http/schemas.js';
import { METHODS } from './methods.ts';
import { formatAddress, NOTHING_ASKED, parseAddress, requestOf } from './request.ts';

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const hundredths = (least: number) => fc.integer({ min: 100 * least, max: 100 }).map((n) => n / 100);
const name = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '');

const question = fc.record({
  query: fc.string(),
  methods: maybe(fc.subarray([...METHODS], { minLength: 1 })),
  k: maybe(fc.integer({ min: 1, max: 100 })),
  steps: maybe(fc.integer({ min: 1, max: 256 })),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  diversity: maybe(hundredths(0)),
  distinct: maybe(fc.record({ field: name, max: fc.integer({ min: 1, max: 100 }) })),
  minScore: maybe(hundredths(-1)),
  offset: fc.integer({ min: 0, max: 1000 }),
  exclude: fc.array(name),
  filters: fc.array(name),
});

it('the address holds the whole question', () => {
  fc.assert(
    fc.property(question, (asked) => {
      expect(parseAddress(formatAddress(asked))).toEqual(asked);
    }),
  );
});

it('a fresh page has a bare address', () => {
  expect(formatAddress(NOTHING_ASKED)).toBe('');
  expect(parseAddress('')).toEqual(NOTHING_ASKED);
});

it('takes any address', () => {
  fc.assert(
    fc.property(fc.webQueryParameters(), (text) => {
      const { methods, k, steps, seed } = parseAddress(`?${text}`);
      expect(methods?.length).not.toBe(0);
      for (const value of [k, steps]) expect(value === undefined || value >= 1).toBe(true);
      expect(seed).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 30 },
  );
  expect(parseAddress('?m=none,folm&k=-1&steps=x&seed=1.5&d=2&min=-2&by=&from=-1&not=')).toEqual({
    ...NOTHING_ASKED,
    methods: ['folm'],
  });
});

it('sends what the service takes, and to each method only what it can', () => {
  fc.assert(
    fc.property(
      question.filter(({ query }) => query.trim() !== ''),
      (asked) => {
        const sent = requestOf(asked, 'diffusion', true);
        // As it goes over the wire.
        expect(searchRequestSchema.parse(JSON.parse(JSON.stringify(sent)))).toMatchObject({
          method: 'diffusion',
          query: asked.query.trim(),
        });
        expect(sent).toMatchObject({ steps: asked.steps, diversity: asked.diversity });
        const { steps, diversity } = requestOf(asked, 'plain', false);
        expect([steps, diversity]).toEqual([undefined, undefined]);
      },
    ),
  );
});
