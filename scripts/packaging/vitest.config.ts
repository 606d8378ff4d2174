import { defineConfig } from 'vitest/config';

/** The checks of what is published: not among the unit tests, as they build and pack first. */
export default defineConfig({
  test: {
    include: ['scripts/packaging/*.check.ts'],
    globalSetup: 'scripts/packaging/pack.ts',
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
