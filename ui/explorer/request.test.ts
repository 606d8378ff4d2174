import fc from 'fast-check';
import { expect, it } from 'vitest';
import { METHODS as DEFINITIONS } from '../../src/retrieve/methods.js';
import { DIVERSIFIABLE, formatAddress, METHODS, NOTHING_ASKED, parseAddress } from './request.ts';

const question = fc.record({
  query: fc.string(),
  methods: fc.subarray(METHODS, { minLength: 1 }),
  k: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
  steps: fc.option(fc.integer({ min: 1, max: 256 }), { nil: undefined }),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  diversity: fc.option(
    fc.integer({ min: 0, max: 20 }).map((n) => n / 20),
    { nil: undefined },
  ),
  offset: fc.integer({ min: 0, max: 1000 }),
  exclude: fc.array(fc.string({ minLength: 1 })),
  filters: fc.array(fc.string().filter((text) => text.trim() !== '')),
});

it('the address holds the whole question', () => {
  fc.assert(
    fc.property(question, (asked) => {
      expect(parseAddress(formatAddress(asked))).toEqual(asked);
    }),
  );
});

it('knows which methods can be told how different their items should be', () => {
  const able = METHODS.filter((method) => DEFINITIONS[method].setting?.name === 'diversity');
  expect([...DIVERSIFIABLE].sort()).toEqual(able.sort());
});

it('a fresh page has a bare address', () => {
  expect(formatAddress(NOTHING_ASKED)).toBe('');
  expect(parseAddress('')).toEqual(NOTHING_ASKED);
});

it('takes any address', () => {
  fc.assert(
    fc.property(fc.webQueryParameters(), (text) => {
      const { methods, k, steps, seed } = parseAddress(`?${text}`);
      expect(methods.length).toBeGreaterThan(0);
      for (const value of [k, steps]) expect(value === undefined || value >= 1).toBe(true);
      expect(seed).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 30 },
  );
  expect(parseAddress('?m=none,folm&k=-1&steps=x&seed=1.5')).toEqual({ ...NOTHING_ASKED, methods: ['folm'] });
});
