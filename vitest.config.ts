import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: {
      'r4t/web': fileURLToPath(new URL('./src/web/index.ts', import.meta.url)),
      'r4t/client': fileURLToPath(new URL('./src/client/index.ts', import.meta.url)),
      'r4t/engine': fileURLToPath(new URL('./src/engine/index.ts', import.meta.url)),
      r4t: fileURLToPath(new URL('./src/index.ts', import.meta.url)),
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'ui/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '**/*.integration.test.ts'],
    // One a core: left alone, vitest keeps one core for itself, which is half of two.
    maxWorkers: availableParallelism(),
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
