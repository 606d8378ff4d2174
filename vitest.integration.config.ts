import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** Tests against real engines; those that are missing are skipped with a word of what to install. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: undefined } },
  defineConfig({
    test: {
      include: ['src/**/*.integration.test.ts'],
      maxWorkers: 1,
      fileParallelism: false,
      testTimeout: 300_000,
      hookTimeout: 300_000,
    },
  }),
);
