import { describe, expect, it } from 'vitest';
import { layOut, sequenceFeeds, tokenBefore } from './sequences.js';
import { oracle } from './testing/oracle.js';

const tree = {
  tokens: [10, 11],
  branches: [{ tokens: [20], branches: [{ tokens: [30, 31] }, { tokens: [40] }] }, { tokens: [50] }],
};

describe('layOut', () => {
  const layout = layOut(tree);
  it('goes depth first, and counts places in each sequence of its own', () => {
    expect([...layout.tokens]).toEqual([10, 11, 20, 30, 31, 40, 50]);
    expect([...layout.places]).toEqual([0, 1, 2, 3, 4, 3, 2]);
    expect(layout.pieces.map(({ stem }) => stem)).toEqual([-1, 0, 1, 1, 0]);
  });

  it('knows the token before each piece', () => {
    expect(layout.pieces.slice(1).map((piece) => tokenBefore(layout, piece))).toEqual([1, 2, 2, 1]);
    expect(() => tokenBefore(layout, layout.pieces[0])).toThrow(/nothing stands before/);
  });

  it('lets a token see its own sequence up to itself, and nothing of another branch', () => {
    const seen = (name: string, settings = oracle('gemma3').settings) => {
      const { data } = sequenceFeeds(settings, layout)[name];
      const mask = Array.from({ length: 7 }, (_, i) => [...data.slice(i * 7, (i + 1) * 7)]);
      return mask.map((row) => row.map((x) => (x === 0 ? 1 : 0)).join(''));
    };
    const all = ['1000000', '1100000', '1110000', '1111000', '1111100', '1110010', '1100001'];
    expect(seen('mask')).toEqual(all);
    // A window of 4: the token at place 4 no longer sees the one at place 0.
    expect(seen('local.mask')).toEqual(all.with(4, '0111100'));
  });
});
