import { expect, it } from 'vitest';
import { NOTHING_ASKED } from './request.ts';
import { shortOf, whyOf } from './why.ts';

const item = { id: 'a', direction: 1, rank: 1, sharedWords: [] };
const directions = [
  { point: [0, 0] as [number, number] },
  { point: [0, 0] as [number, number], nearest: { id: 'b', title: 'Balloon', score: 1 } },
];

it('says why an item is there: its sub-query, the words of the query, or where was looked', () => {
  const text = (more: object, method: 'diffusion' | 'folm' | 'plain' | 'vote') =>
    whyOf({ ...item, ...more }, { directions, method }).text;
  expect(text({ subQuery: 'cake', sharedWords: ['party'] }, 'folm')).toBe('“cake”');
  expect(text({ sharedWords: ['birthday', 'party'] }, 'diffusion')).toBe('has birthday, party');
  expect(text({}, 'diffusion')).toBe('near Balloon');
  expect(text({ id: 'b' }, 'diffusion')).toBe('Direction 2');
  expect(text({ direction: 0 }, 'diffusion')).toBe('Direction 1');
  const chosen = whyOf(
    { ...item, direction: 0 },
    { directions: directions.slice(0, 1), method: 'diffusion' },
  );
  expect(chosen.text).toBe('chosen for the set');
  expect(text({}, 'plain')).toBe('by meaning');
  expect(text({}, 'vote')).toBe('learned from sets');
});

it('says how far down the hits of its direction it was, where that is not at the top', () => {
  const { title } = whyOf({ ...item, subQuery: 'cake', rank: 3 }, { directions, method: 'folm' });
  expect(title).toBe('Sub-query “cake”, its hit number 3');
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
