/** `npm run test:integration`: tests against programs of others, which skip where these are missing. */
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

const config = mergeConfig(
  base,
  defineConfig({ test: { maxWorkers: 1, testTimeout: 900_000, hookTimeout: 300_000 } }),
);
// Merged, the lists would be joined.
config.test = { ...config.test, include: ['**/*.integration.test.ts'], exclude: configDefaults.exclude };

export default config;
