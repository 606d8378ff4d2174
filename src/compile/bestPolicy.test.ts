import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { samplesOf } from './bestPolicy.js';

describe('samplesOf', () => {
  it('takes no fewer samples in all of few queries than two each of fifty, and no more than it needs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (queries) => {
        const samples = samplesOf(queries);
        expect(samples).toBeGreaterThanOrEqual(2);
        expect(queries * samples).toBeGreaterThanOrEqual(100);
        if (samples > 2) expect(queries * (samples - 1)).toBeLessThan(100);
      }),
    );
  });
});
