import { describe, expect, it } from 'vitest';
import { dot, row } from '../matrix.js';
import { letterEncoder, letterWorld } from '../policy/testing/world.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { hybridHits } from './hybridHits.js';

const CATALOG = ['red tent', 'golden lamp', 'net tedr', 'lamp golden shade', 'boot'];
const world = await letterWorld(CATALOG);

describe('hybridHits', () => {
  it('finds by words what vectors cannot tell apart', async () => {
    const texts = ['tent red'];
    const directions = await letterEncoder.encode(texts);
    const byVectors = await world.index.search(directions, { k: 2 });
    // The same letters: equal cosines, so the first row wins without words as well; the other order tells.
    expect([...byVectors.indices].sort()).toEqual([0, 2]);
    const { indices, scores } = await hybridHits(world, ['net tedr'], directions, { k: 2 });
    expect([...indices]).toEqual([2, 0]);
    indices.forEach((item, i) => {
      expect(scores[i]).toBeCloseTo(dot(row(directions, 0), row(world.vectors, item)), 5);
    });
  });

  it('asks the index for words where it has them', async () => {
    const texts = ['tent red', 'boot'];
    const directions = await letterEncoder.encode(texts);
    const asked: unknown[] = [];
    const index: VectorIndex = {
      size: world.index.size,
      dim: world.index.dim,
      search: (all, options) => world.index.search(all, options),
      async searchWords(words, { k, mask }) {
        asked.push([words, k, mask]);
        return words.map(() => ({ items: Int32Array.of(3), scores: Float32Array.of(0.01) }));
      },
    };
    const mask = Uint8Array.of(1, 1, 0, 1, 1);
    const { indices } = await hybridHits({ ...world, index }, texts, directions, { k: 1, mask, weight: 1 });
    expect([...indices]).toEqual([3, 3]);
    expect(asked).toEqual([[texts, 5, mask]]);
  });

  it('is search by vectors at weight 0, and leaves places empty where nothing passes', async () => {
    const texts = ['golden', 'boots'];
    const directions = await letterEncoder.encode(texts);
    const { indices } = await world.index.search(directions, { k: 3 });
    expect((await hybridHits(world, texts, directions, { k: 3, weight: 0 })).indices).toEqual(indices);
    const mask = Uint8Array.of(0, 1, 0, 0, 1);
    const masked = await hybridHits(world, texts, directions, { k: 3, mask });
    expect([...masked.indices].filter((_, i) => i % 3 === 2)).toEqual([-1, -1]);
    expect(masked.scores[2]).toBe(Number.NEGATIVE_INFINITY);
    for (const item of masked.indices) expect([-1, 1, 4]).toContain(item);
  });
});
