/** `r4t/web` where it belongs: in a browser, on WebAssembly, with nothing but files. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../src/catalog/testing/tempFolder.js';
import { listen } from '../../src/dashboard/listen.js';
import { DIM } from '../../src/policy/testing/scene.js';
import { letterEncoder } from '../../src/policy/testing/world.js';
import { Retriever } from '../../src/retrieve/retriever.js';
import { CONTENT_TYPES } from '../../src/serve/http/staticFiles.js';
import { compileTiny } from '../../src/serve/testing/tinyRun.js';
import { exportRetriever } from '../../src/web/exportRetriever.js';
import { launch, noBrowser } from './browser.ts';

/** What the page runs; the encoder is `letterEncoder` once more. */
const script = (queries: readonly string[]) => `(async () => {
  const [ort, { loadRetriever, matrix }] = await Promise.all([import('/ort/ort.wasm.min.mjs'), import('/web/web.js')]);
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = 1;
  const encoder = {
    id: 'letters',
    dim: ${DIM},
    async encode(texts) {
      const m = matrix(texts.length, ${DIM});
      texts.forEach((text, i) => {
        const row = m.data.subarray(i * ${DIM}, (i + 1) * ${DIM});
        for (const letter of text) row[(letter.codePointAt(0) * 7) % ${DIM}]++;
        const norm = Math.hypot(...row);
        for (let j = 0; j < row.length; j++) row[j] /= norm;
      });
      return m;
    },
  };
  const retriever = await loadRetriever('/retriever', { ort, encoder });
  const results = await retriever.searchAll(${JSON.stringify(queries)}, { method: 'diffusion', seed: 5 });
  return results.map(({ method, items }) => ({ method, ids: items.map(({ id }) => id).sort() }));
})()`;

describe.skipIf(noBrowser())('in a browser', () => {
  const temp = tempFolder();

  it('the exported retriever finds what it finds in Node', async () => {
    const run = await compileTiny(temp);
    await exportRetriever(run, temp.path('export'));
    const entry = fileURLToPath(new URL('../../src/web/index.ts', import.meta.url));
    const lib = { entry, formats: ['es' as const], fileName: 'web' };
    await build({
      configFile: false,
      logLevel: 'warn',
      build: { outDir: temp.path('web'), emptyOutDir: true, lib },
    });
    const folders: Record<string, string> = {
      web: temp.path('web'),
      ort: dirname(createRequire(import.meta.url).resolve('onnxruntime-web')),
      retriever: temp.path('export'),
    };
    const app = new Hono();
    app.get('/', (c) => c.html('<!doctype html><title>web</title>'));
    app.get('/:folder/:file', async (c) => {
      const { folder, file } = c.req.param();
      const bytes = await readFile(join(folders[folder], file));
      const type = CONTENT_TYPES[file.slice(file.lastIndexOf('.'))] ?? 'application/octet-stream';
      return c.body(new Uint8Array(bytes), 200, { 'content-type': type });
    });
    await using server = await listen(app, 0);
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(server.url);
      const queries = ['red tent', 'something blue'];
      const found = await page.evaluate(script(queries));
      const here = await Retriever.load(run, { encoder: letterEncoder, threads: 1 });
      const expected = await here.searchAll(queries, { method: 'diffusion', seed: 5 });
      expect(found).toEqual(
        expected.map(({ items }) => ({ method: 'diffusion', ids: items.map(({ id }) => id).sort() })),
      );
    } finally {
      await browser.close();
    }
  }, 120_000);
});
