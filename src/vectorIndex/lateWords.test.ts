import { expect, it } from 'vitest';
import { Bm25 } from '../lexical/bm25.js';
import { withLateRows } from './lateWords.js';

const texts = ['red tent', 'blue tent', 'red lamp', 'red red tent', 'boot'];
const bm25 = Bm25.of(texts.map((text) => ({ text })));
const late = (...rows: number[]) => Uint8Array.from(texts, (_, i) => Number(rows.includes(i)));

it('ranks rows that came later as an index of all would, whatever its scale', () => {
  for (const scale of [1, 0.01, 300]) {
    const right = bm25.search('red tent', { k: 5 });
    const known = bm25.search('red tent', { k: 5, mask: Uint8Array.of(1, 1, 1, 0, 1) });
    const found = { items: known.items, scores: known.scores.map((score) => scale * score) };
    const all = withLateRows(found, { text: 'red tent', bm25, late: late(3, 4), k: 5 });
    expect([...all.items]).toEqual([...right.items]);
    all.scores.forEach((score, i) => {
      expect(score / scale).toBeCloseTo(right.scores[i], 5);
    });
    expect(withLateRows(found, { text: 'red tent', bm25, late: late(3), k: 2 }).items).toHaveLength(2);
  }
});

it('leaves alone what the index has found, and has scores where that found nothing', () => {
  const found = { items: Int32Array.of(2), scores: Float32Array.of(7) };
  expect(withLateRows(found, { text: 'lamp', bm25, late: late(2, 4), k: 3 })).toBe(found);
  const none = { items: new Int32Array(0), scores: new Float32Array(0) };
  const { items, scores } = withLateRows(none, { text: 'boot', bm25, late: late(4), k: 3 });
  expect([...items]).toEqual([4]);
  expect(scores[0]).toBeGreaterThan(0);
});
