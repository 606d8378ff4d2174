import { expect, it } from 'vitest';
import { NOTHING_ASKED } from './request.ts';
import { shortOf, whyOf } from './why.ts';

const item = { id: 'a', direction: 1, rank: 1, why: '“cake”' };
const directions = [
  { point: [0, 0] as [number, number] },
  { point: [0, 0] as [number, number], nearest: { id: 'b', title: 'Balloon', score: 1 } },
];

it('says why an item is there as the service does, and where a direction of it looked', () => {
  expect(whyOf(item, { directions, method: 'folm' })).toEqual({
    text: '“cake”',
    title: '“cake”. Direction 2 lies nearest to Balloon, which another direction took',
  });
  const { title } = whyOf({ ...item, id: 'b', rank: 3 }, { directions, method: 'folm' });
  expect(title).toBe('“cake”. Direction 2 lies nearest to this item; it is hit number 3');
});

it('has no more to say where the query itself is the direction', () => {
  const why = 'in the set of “party”';
  const alone = { ...item, direction: 0, rank: 4, why };
  expect(whyOf(alone, { directions, method: 'vote' })).toEqual({ text: why, title: why });
  expect(whyOf(alone, { directions: directions.slice(0, 1), method: 'diffusion' }).title).toBe(why);
});

it('says what keeps a set short', () => {
  expect(shortOf(NOTHING_ASKED, 4)).toBe('The catalog has no other items.');
  expect(shortOf({ ...NOTHING_ASKED, offset: 10 }, 0)).toBe('There are no more items.');
  const asked = { ...NOTHING_ASKED, filters: ['a=1'], minScore: 0.3, distinct: { field: 'brand', max: 2 } };
  expect(shortOf(asked, 0)).toBe('No item passes: the filters, a relevance of 0.30, 2 for each brand.');
  expect(shortOf({ ...asked, offset: 10, minScore: undefined, distinct: undefined }, 1)).toBe(
    'No other item passes: the filters.',
  );
});
