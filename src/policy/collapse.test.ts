import { describe, expect, it } from 'vitest';
import { collapseWarning, duplicateShare } from './collapse.js';

describe('duplicateShare', () => {
  it('counts what was said before', () => {
    expect(duplicateShare({ subQueries: ['a', 'b', 'c'] })).toBe(0);
    expect(duplicateShare({ subQueries: ['a', 'b', 'a', 'a'] })).toBe(0.5);
  });
});

describe('collapseWarning', () => {
  it('says how a policy collapsed, repeats first', () => {
    expect(collapseWarning({ duplicateShare: 0.8, entropy: 1 })).toBe(
      'collapse: 80% of the items are repeats',
    );
    expect(collapseWarning({ duplicateShare: 0.8, entropy: 0 })).toContain('repeats');
    expect(collapseWarning({ duplicateShare: 0, entropy: 0.01 })).toBe(
      'collapse: entropy fell to 0.010 nats a choice',
    );
  });

  it('is silent about a healthy one', () => {
    expect(collapseWarning({ duplicateShare: 0.5, entropy: 0.05 })).toBeUndefined();
  });
});
