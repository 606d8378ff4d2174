import { describe, expect, it } from 'vitest';
import { SOURCES, type Standard } from './candidates.js';
import { checkStandard, standardSchema } from './standardFile.js';

const standard: Standard = {
  sources: SOURCES,
  means: SOURCES.map(() => 0),
  deviations: SOURCES.map(() => 1),
};

describe('checkStandard', () => {
  it('lets a model of the same sources pass', () => {
    expect(() => checkStandard(standard, 'model.json')).not.toThrow();
  });

  it.each([
    ['of other names', { ...standard, sources: SOURCES.with(4, 'votesOf3' as never) }],
    ['in another order', { ...standard, sources: SOURCES.toReversed() }],
    ['that are fewer', { ...standard, means: standard.means.slice(1) }],
    [
      'that had no names yet',
      standardSchema.parse({ means: standard.means, deviations: standard.deviations }),
    ],
  ])('refuses a model of sources %s', (_, other) => {
    expect(() => checkStandard(other, 'model.json')).toThrow(
      'model.json: reads other sources of a candidate than this version of r4t; compile again with --force',
    );
  });
});
