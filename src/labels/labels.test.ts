import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Judgment, Verdict } from './judgment.js';
import { choiceBetween, judged, judgmentsOf, labelledSets, onTopic, verdictOf } from './labels.js';
import { summarize } from './summary.js';

const item = (id: string, verdict: Verdict, query = 'camping'): Judgment => ({ query, item: id, verdict });
const set = (items: string[], verdict: Verdict, query = 'camping'): Judgment => ({
  query,
  items,
  verdict,
  method: 'plain',
});

describe('labels', () => {
  it('count the last word on each thing, and forget what is taken back', () => {
    const labels = judged(new Map(), [
      item('a', 'up'),
      item('b', 'up'),
      item('a', 'down'),
      item('b', 'none'),
    ]);
    const said = labels.get('camping')!;
    expect([verdictOf(said, 'a'), verdictOf(said, 'b')]).toEqual(['down', undefined]);
  });

  it('let what was said of an item overrule what was said of its set, whichever came first', () => {
    for (const judgments of [
      [set(['a', 'b'], 'up'), item('a', 'down')],
      [item('a', 'down'), set(['a', 'b'], 'up')],
    ])
      expect(onTopic(judged(new Map(), judgments).get('camping')!)).toEqual(['b']);
  });

  it('take a set that is not liked as no word on its items', () => {
    const said = judged(new Map(), [item('a', 'up'), set(['a', 'b'], 'down')]).get('camping')!;
    expect([verdictOf(said, 'a'), verdictOf(said, 'b')]).toEqual(['up', undefined]);
  });

  it('become sets without anything that was judged down, on the side where the query stood', () => {
    const labels = judged(new Map(), [
      set(['a', 'b', 'c'], 'up'),
      item('b', 'down'),
      item('d', 'up', ' Camping'),
      item('x', 'down', 'party'),
    ]);
    const splitOf = (query: string) => (query === 'party' ? undefined : ('test' as const));
    expect(labelledSets(labels, splitOf)).toEqual([
      { query: 'camping', items: ['a', 'c', 'd'], split: 'test' },
    ]);
  });

  const ids = fc.constantFrom('a', 'b', 'c', 'd');
  const query = fc.constantFrom('camping', 'Camping ', 'party');
  const verdict = fc.constantFrom<Verdict>('up', 'down', 'none');
  const judgment = fc.oneof(
    fc.record({ query, item: ids, verdict }),
    fc.record({
      query,
      items: fc.uniqueArray(ids, { minLength: 1 }),
      verdict,
      method: fc.constantFrom('plain' as const, 'mmr' as const),
    }),
    fc.record({
      query,
      sets: fc.tuple(
        fc.record({ method: fc.constant('plain' as const), items: fc.uniqueArray(ids) }),
        fc.record({ method: fc.constant('mmr' as const), items: fc.uniqueArray(ids) }),
      ),
      better: fc.constantFrom('plain' as const, 'mmr' as const, 'equal' as const),
    }),
  );

  it('are the same when what counts of them is said again, or everything twice', () => {
    fc.assert(
      fc.property(fc.array(judgment, { maxLength: 12 }), (all) => {
        const once = judged(new Map(), all);
        const short = judged(new Map(), [...once.values()].flatMap(judgmentsOf));
        expect(labelledSets(short)).toEqual(labelledSets(once));
        expect(summarize(short)).toEqual(summarize(once));
        expect(labelledSets(judged(once, [...once.values()].flatMap(judgmentsOf)))).toEqual(
          labelledSets(once),
        );
      }),
    );
  });

  it('never put into a set what was last judged down', () => {
    fc.assert(
      fc.property(fc.array(judgment, { maxLength: 12 }), (all) => {
        const labels = judged(new Map(), all);
        for (const said of labels.values())
          for (const [id, last] of said.items) expect(onTopic(said).includes(id)).toBe(last === 'up');
      }),
    );
  });
});

it('a summary counts what was judged of the sets that were shown, and who was preferred', () => {
  const labels = judged(new Map(), [
    {
      query: 'camping',
      sets: [
        { method: 'plain', items: ['a', 'b'] },
        { method: 'diffusion', items: ['b', 'c'] },
      ],
      better: 'diffusion',
    },
    item('a', 'down'),
    item('b', 'up'),
    // In no set that was compared.
    item('z', 'up'),
    {
      query: 'party',
      sets: [
        { method: 'diffusion', items: ['p'] },
        { method: 'plain', items: ['q'] },
      ],
      better: 'equal',
    },
  ]);
  expect(choiceBetween(labels.get('party'), ['plain', 'diffusion'])?.better).toBe('equal');
  expect(choiceBetween(labels.get('party'), ['plain', 'mmr'])).toBeUndefined();
  expect(summarize(labels)).toEqual([
    { method: 'plain', queries: 2, shown: 3, judged: 2, up: 1, precision: 0.5, won: 0, lost: 1, equal: 1 },
    { method: 'diffusion', queries: 2, shown: 3, judged: 1, up: 1, precision: 1, won: 1, lost: 0, equal: 1 },
  ]);
});
