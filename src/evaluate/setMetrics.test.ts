import { describe, expect, it } from 'vitest';
import { matrix } from '../matrix.js';
import { hitAtB, recallAtB, setMetrics } from './setMetrics.js';

const query = Float32Array.of(1, 0);
const items = matrix(2, 2, Float32Array.of(0.8, 0.6, 0, 1)); // cosine to each other: 0.6

describe('setMetrics', () => {
  const vendiOfItems = Math.exp(-0.8 * Math.log(0.8) - 0.2 * Math.log(0.2));

  it('measures a set found by directions', () => {
    const directions = matrix(2, 2, Float32Array.of(1, 0, 0, 1));
    const metrics = setMetrics({ items, query, directions });
    const ground = 1 - Math.hypot(0.2, 0.6) / 2;
    expect(metrics.groundedness).toBeCloseTo(ground, 6);
    expect(metrics.vendi).toBeCloseTo(vendiOfItems, 6);
    expect(metrics.diversity).toBeCloseTo(vendiOfItems - 1, 6);
    expect(metrics.alignment).toBeCloseTo(0.4, 6);
    expect(metrics.composite).toBeCloseTo(0.6 * ground + 0.2 * (vendiOfItems - 1) + 0.2 * 0.4, 6);
  });

  it('takes the query as the one direction where there are no others', () => {
    const metrics = setMetrics({ items, query });
    expect(metrics.groundedness).toBeCloseTo(1 - Math.hypot(0.2, 0.6), 6);
    expect(metrics.diversity).toBeCloseTo(vendiOfItems - 1, 6);
  });

  it('keeps groundedness and alignment raw: they may be negative', () => {
    const opposite = matrix(1, 2, Float32Array.of(-1, 0));
    expect(setMetrics({ items: opposite, query })).toMatchObject({
      groundedness: -1,
      alignment: -1,
      diversity: 0,
    });
  });

  it('takes other weights', () => {
    const weights = { groundedness: 0, diversity: 0, alignment: 1 };
    expect(setMetrics({ items, query }, weights).composite).toBeCloseTo(0.4, 6);
  });
});

describe('recallAtB and hitAtB', () => {
  it('count the reference items among the first B retrieved', () => {
    const retrieved = Int32Array.of(5, 3, 3, 8, 1);
    const reference = [1, 3, 9, 8];
    expect(recallAtB({ retrieved, reference, budget: 5 })).toBe(0.75);
    expect(recallAtB({ retrieved, reference, budget: 3 })).toBe(0.25);
    expect(hitAtB({ retrieved, reference, budget: 1 })).toBe(0);
    expect(hitAtB({ retrieved, reference, budget: 2 })).toBe(1);
  });
});
