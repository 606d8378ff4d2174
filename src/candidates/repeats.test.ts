import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANY_REPEATS, bestWithoutRepeats, RepeatLog } from './repeats.js';

const aspectOf = (item: number) => (item < 0 ? undefined : item % 3);

/** Candidates with scores that no two of them share. */
const candidates = fc
  .uniqueArray(fc.tuple(fc.integer({ min: -2, max: 40 }), fc.integer({ min: -40, max: 40 })), {
    selector: ([item]) => item,
    minLength: 1,
    maxLength: 12,
  })
  .map((pairs) => ({
    items: pairs.map(([item]) => item),
    scores: pairs.map(([, score], i) => score / 8 + i / 1000),
  }));

/** The greedy choice straight from its definition: chances are numbers, not logarithms. */
function greedy(items: readonly number[], scores: readonly number[], size: number, keep: number): number[] {
  const places: number[] = [];
  while (places.length < Math.min(size, items.length)) {
    const chance = (i: number) => {
      const kind = aspectOf(items[i]);
      const shown = places.filter((j) => kind !== undefined && aspectOf(items[j]) === kind).length;
      return Math.exp(scores[i]) * keep ** shown;
    };
    const open = items.map((_, i) => i).filter((i) => !places.includes(i));
    places.push(open.reduce((best, i) => (chance(i) > chance(best) ? i : best)));
  }
  return places;
}

describe('the best without repeats', () => {
  it('are those whose chance, times the factor for each of their kind before, is highest', () => {
    fc.assert(
      fc.property(
        candidates,
        fc.nat(12),
        fc.constantFrom(0.1, 0.5, 0.8, 1),
        ({ items, scores }, size, keep) => {
          expect([...bestWithoutRepeats(items, scores, size, { aspectOf, keep })]).toEqual(
            greedy(items, scores, size, keep),
          );
        },
      ),
    );
  });

  it('are the best, where any repeat may be', () => {
    fc.assert(
      fc.property(candidates, ({ items, scores }) => {
        const byScore = items.map((_, i) => i).sort((a, b) => scores[b] - scores[a]);
        expect([...bestWithoutRepeats(items, scores, 5, ANY_REPEATS)]).toEqual(byScore.slice(0, 5));
      }),
    );
  });

  it('are one of each kind first, where nothing is left of a repeat', () => {
    const items = [0, 3, 6, 1, 4, 2];
    const places = bestWithoutRepeats(items, [9, 8, 7, 3, 2, -9], 6, { aspectOf, keep: 0 });
    expect(Array.from(places, (i) => items[i])).toEqual([0, 1, 2, 3, 4, 6]);
  });
});

it('what is of no kind repeats none', () => {
  const log = new RepeatLog([-1, -2, 5], { aspectOf, keep: 0.5 });
  log.take(0);
  expect([...log.penalties]).toEqual([0, 0, 0]);
  log.take(2);
  expect([...log.penalties]).toEqual([0, 0, Math.log(0.5)]);
});
