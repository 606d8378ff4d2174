import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';
import base, { compiled, compiledThreads } from './vitest.config.js';

const clients = createRequire(new URL('./scripts/integration/package.json', import.meta.url));
const NAMES = ['@lancedb/lancedb', '@zilliz/milvus2-sdk-node', 'apache-arrow'];

/** Clients that are installed beside the integration tests only, by `npm --prefix scripts/integration install`. */
function installed(): Record<string, string> {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      try {
        return [[name, clients.resolve(name)]];
      } catch {
        return [];
      }
    }),
  );
}

/** Tests against programs of others, one after another; those that are missing are skipped with a word of what to install. */
export default defineConfig({
  plugins: [compiledThreads],
  resolve: { alias: { ...base.resolve?.alias, ...installed() } },
  test: {
    include: ['src/**/*.integration.test.ts'],
    globalSetup: compiled,
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 300_000,
  },
});
