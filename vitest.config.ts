import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { configDefaults, defineConfig, type Plugin } from 'vitest/config';
import { COMPILED } from './scripts/testing/compiled.js';

const WORKER_ENGINE = 'serve/engine/workerEngine';

/** Search threads that tests start run the compiled sources. */
export const compiledThreads: Plugin = {
  name: 'compiled-threads',
  transform(code, id) {
    if (!id.endsWith(`${WORKER_ENGINE}.ts`)) return undefined;
    const url = pathToFileURL(join(COMPILED, `${WORKER_ENGINE}.js`)).href;
    return code.replaceAll('import.meta.url', JSON.stringify(url));
  },
};

export const compiled = fileURLToPath(new URL('./scripts/testing/compiled.ts', import.meta.url));

export default defineConfig({
  plugins: [compiledThreads],
  resolve: {
    alias: {
      'r4t/langchain': fileURLToPath(new URL('./src/integrations/langchain.ts', import.meta.url)),
      'r4t/ai-sdk': fileURLToPath(new URL('./src/integrations/aiSdk.ts', import.meta.url)),
      'r4t/mcp': fileURLToPath(new URL('./src/integrations/mcp.ts', import.meta.url)),
      'r4t/service': fileURLToPath(new URL('./src/integrations/service.ts', import.meta.url)),
      'r4t/web': fileURLToPath(new URL('./src/web/index.ts', import.meta.url)),
      'r4t/client': fileURLToPath(new URL('./src/client/index.ts', import.meta.url)),
      'r4t/engine': fileURLToPath(new URL('./src/engine/index.ts', import.meta.url)),
      r4t: fileURLToPath(new URL('./src/index.ts', import.meta.url)),
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'ui/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '**/*.integration.test.ts'],
    globalSetup: compiled,
    // One a core: left alone, vitest keeps one core for itself, which is half of two.
    maxWorkers: availableParallelism(),
    // Browsers, processes and sockets start late on a busy machine; what fails twice is wrong.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
