/** What `r4t export` writes, loaded by `r4t/web` on onnxruntime-web's WebAssembly, against the retriever in Node. */
import { cpSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import * as ort from 'onnxruntime-web';
import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { runCli, TINY, writeShop } from '../cli/testing/shop.js';
import { compile } from '../compile/compile.js';
import { saveDiffusion } from '../diffusion/modelFiles.js';
import { randomModel, tinyConfig } from '../diffusion/testing/models.js';
import { matrix, normalizeRows } from '../matrix.js';
import { Retriever } from '../retrieve/retriever.js';
import type { SearchOptions, SetRetriever } from '../retrieve/setRetriever.js';
import { RunFolder } from '../run/runFolder.js';
import { plainIndex } from '../vectorIndex/testing/plainIndex.js';
import { FlatIndex } from './flatIndex.js';
import { loadRetriever } from './loadRetriever.js';
import { WEB_FILES } from './manifest.js';
import type { Ort } from './ort.js';

const temp = tempFolder();
/** Fetches files of this machine, and notes their names. */
const fetched: string[] = [];
const fetchFile = async (url: string): Promise<Response> => {
  fetched.push(url.slice(url.lastIndexOf('/') + 1));
  const file = await readFile(url).catch(() => undefined);
  return file ? new Response(new Uint8Array(file)) : new Response(null, { status: 404 });
};

/** The same items in the same places of the scores, whose order may differ where they are the same but for rounding. */
async function expectSame(
  web: SetRetriever,
  here: Retriever,
  queries: readonly string[],
  options: SearchOptions,
) {
  const expected = await here.searchAll(queries, options);
  const found = await web.searchAll(queries, options);
  expect(found.map(({ method }) => method)).toEqual(expected.map(({ method }) => method));
  for (const [i, { items }] of found.entries()) {
    const byId = new Map(expected[i].items.map((item) => [item.id, item]));
    expect(new Set(items.map(({ id }) => id))).toEqual(new Set(byId.keys()));
    for (const { id, score, metadata, why, trainingQuery } of items) {
      expect(score).toBeCloseTo(byId.get(id)?.score ?? Number.NaN, 4);
      expect(metadata).toEqual(byId.get(id)?.metadata);
      if (!why.startsWith('near direction')) expect(why).toBe(byId.get(id)?.why);
      expect(trainingQuery).toBe(byId.get(id)?.trainingQuery);
    }
  }
}

describe('an exported run', () => {
  const [run, out] = [temp.path('run'), temp.path('export')];
  let here: Retriever;
  let web: SetRetriever;

  beforeAll(async () => {
    ort.env.wasm.numThreads = 1;
    await compile({ catalog: writeShop(temp).catalog, out: run, config: TINY });
    const { code, stdout, stderr } = await runCli(['export', run, '--out', out]);
    expect([code, stderr]).toEqual([0, '']);
    // One that ranks candidates is exported whole; there is no single step.
    const { denoiser, ...files } = WEB_FILES;
    for (const name of Object.values(files)) expect(stdout).toContain(name);
    expect(stdout).not.toContain(denoiser);
    here = await Retriever.load(run, { threads: 1 });
    web = await loadRetriever(out, { ort, fetch: fetchFile });
  }, 120_000);

  it.each<SearchOptions>([
    {},
    { method: 'diffusion' },
    { method: 'diffusion', k: 5, seed: 3 },
    { method: 'diffusion', diversity: 0.6, offset: 3 },
    { method: 'diffusion', distinct: 'color' },
    { method: 'diffusion', filter: ['color=red|blue', 'price<50'] },
    { filter: ['color=red|blue', 'price<50'] },
    { method: 'plain', k: 8 },
    { method: 'mmr' },
    { method: 'dpp', k: 6 },
    { method: 'hybrid', distinct: 'color' },
    { method: 'keywords', diversity: 1 },
    { method: 'nearestQueries', diversity: 0.7, offset: 2 },
  ])('answers as Node does: %j', async (options) => {
    await expectSame(web, here, ['something for the garden', 'camping', 'RED things', 'asdfqwer'], options);
  });

  it('is told no letter case', async () => {
    for (const retriever of [web, here]) {
      const [lower, upper] = await retriever.searchAll(['red tent', 'Red TENT'], { method: 'plain' });
      expect(upper.items).toEqual(lower.items);
    }
  });

  it('refuses other steps than it was exported with', async () => {
    expect((await web.search('camping', { method: 'diffusion', steps: 2 })).items).toHaveLength(TINY.k);
    await expect(web.search('camping', { method: 'diffusion', steps: 4 })).rejects.toThrow(
      'field "steps": is 4; this export has the model of 2 steps alone',
    );
  });

  it('is exported with no steps where the run has none, and refuses any', async () => {
    const [ordered, exported] = [temp.path('ordered-run'), temp.path('ordered-export')];
    cpSync(run, ordered, { recursive: true });
    const network = tinyConfig({ dimension: TINY.dimensions });
    const settings = { sampler: 'dpmSolverPlusPlus2M', guidance: 0, steps: 0 } as const;
    await saveDiffusion(`${ordered}/diffusion`, randomModel(network), settings);
    await (await RunFolder.open(ordered)).finishStage('diffusion', { seconds: 1 });
    await runCli(['export', ordered, '--out', exported]);
    const method = 'diffusion';
    const node = await Retriever.load(ordered, { threads: 1 });
    const browser = await loadRetriever(exported, { ort, fetch: fetchFile });
    for (const options of [{}, { k: 5 }, { filter: ['price<50'] }])
      await expectSame(browser, node, ['camping', 'RED things'], { method, ...options });
    await expect(browser.search('camping', { method, steps: 2 })).rejects.toThrow(
      'field "steps": is 2; this export has the model of 0 steps alone',
    );
  });

  it('has no policy: folm falls back and says so', async () => {
    expect(await web.search('camping', { method: 'folm' })).toMatchObject({
      method: 'plain',
      fallback: 'this run has no trained policy yet',
    });
  });

  it('refuses what is no export, or of another encoder', async () => {
    await expect(loadRetriever(temp.path('none'), { ort, fetch: fetchFile })).rejects.toThrow('status 404');
    const encoder = { id: 'other', dim: 512, encode: async () => matrix(0, 512) };
    await expect(loadRetriever(out, { ort, fetch: fetchFile, encoder })).rejects.toThrow(
      'was compiled with the encoder "use-lite-en/lower-case+glove-100d/sif", not with "other"',
    );
  });
});

/** Four sets, two of them to learn from. */
const writeSets = () =>
  temp.write(
    'sets.jsonl',
    ['train', 'train', 'valid', 'test'].map((split, i) => ({
      query: `${['red', 'blue', 'green', 'black'][i]} camping things`,
      items: [`item-${i}`, `item-${i + 20}`],
      split,
    })),
  );
const QUERIES = ['red tent', 'something for the garden', 'unheard-of'];

describe('an exported run with reference sets', () => {
  const [run, out] = [temp.path('sets-run'), temp.path('sets-export')];
  let here: Retriever;
  let web: SetRetriever;

  beforeAll(async () => {
    const config = { ...TINY, task: 'wscr', budget: 0.2 } as const;
    await compile({ catalog: writeShop(temp).catalog, sets: writeSets(), out: run, config });
    await runCli(['export', run, '--out', out]);
    here = await Retriever.load(run, { threads: 1 });
    web = await loadRetriever(out, { ort, fetch: fetchFile });
  }, 120_000);

  it.each<SearchOptions>([
    {},
    { method: 'diffusion' },
    { method: 'diffusion', seed: 2, k: 8 },
    { method: 'diffusion', filter: ['color=red|blue', 'price<50'] },
    { method: 'classifier' },
    { method: 'vote' },
  ])('remembers what people chose, as Node does: %j', async (options) => {
    await expectSame(web, here, QUERIES, options);
  });
});

describe('the models of an exported run', () => {
  const [run, out] = [temp.path('closed-run'), temp.path('closed-export')];
  beforeAll(async () => {
    await compile({ catalog: writeShop(temp).catalog, out: run, config: TINY });
    await runCli(['export', run, '--out', out]);
  }, 120_000);

  /** The runtime, with a count of the sessions that are open. */
  function counted() {
    let open = 0;
    const create = async (...args: Parameters<Ort['InferenceSession']['create']>) => {
      const session = await (ort as unknown as Ort).InferenceSession.create(...args);
      open++;
      const { inputNames, outputNames } = session;
      return {
        inputNames,
        outputNames,
        run: session.run.bind(session),
        async release() {
          open--;
          await session.release();
        },
      };
    };
    const counting = { InferenceSession: { create }, Tensor: ort.Tensor } as unknown as Ort;
    return { ort: counting, open: () => open };
  }

  it('are released when the retriever is closed', async () => {
    const { ort, open } = counted();
    {
      await using retriever = await loadRetriever(out, { ort, fetch: fetchFile });
      await retriever.search('camping', { method: 'diffusion' });
      expect(open()).toBe(2);
    }
    expect(open()).toBe(0);
  });

  it('are released when another file cannot be loaded', async () => {
    const { ort, open } = counted();
    const fetch = async (url: string) =>
      url.endsWith(WEB_FILES.words) ? new Response(null, { status: 404 }) : fetchFile(url);
    await expect(loadRetriever(out, { ort, fetch })).rejects.toThrow(WEB_FILES.words);
    expect(open()).toBe(0);
  });
});

it('answers by the best method that it holds where the policy, which stays at home, did best', async () => {
  const [run, out] = [temp.path('folm-run'), temp.path('folm-export')];
  await compile({ catalog: writeShop(temp).catalog, out: run, config: TINY, stage: 'encode' });
  const values = { plain: 0.1, mmr: 0.3, folm: 0.5 };
  await (await RunFolder.open(run)).finishStage('choose', {
    seconds: 1,
    metric: 'reward',
    queries: 9,
    values,
    settings: { mmr: 0.2 },
    chosen: 'folm',
    unclear: [],
  });
  await runCli(['export', run, '--out', out]);
  const web = await loadRetriever(out, { ort, fetch: fetchFile });
  expect((await web.search('camping')).method).toBe('mmr');
}, 120_000);

describe('an exported run whose diffusion draws directions', () => {
  const [run, out] = [temp.path('paper-run'), temp.path('paper-export')];
  const config = { ...TINY, task: 'wscr', budget: 0.2 } as const;

  beforeAll(async () => {
    await compile({ catalog: writeShop(temp).catalog, sets: writeSets(), out: run, config });
    // The network of the preset is larger than a test can afford.
    const network = tinyConfig({ head: 'edm', dimension: config.dimensions });
    await saveDiffusion(`${run}/diffusion`, randomModel(network), {
      sampler: 'dpmSolverPlusPlus2M',
      guidance: 0,
      steps: 2,
    });
    await (await RunFolder.open(run)).finishStage('diffusion', { seconds: 1 });
    await runCli(['export', run, '--out', out]);
  }, 120_000);

  it('answers as Node does, with as many steps as are wanted', async () => {
    const here = await Retriever.load(run, { threads: 1 });
    const web = await loadRetriever(out, { ort, fetch: fetchFile });
    for (const options of [{}, { steps: 3, seed: 2 }, { k: 5, filter: ['price<50'] }])
      await expectSame(web, here, QUERIES, { method: 'diffusion', ...options });
  });

  it('fetches the single step only when it is needed', async () => {
    fetched.length = 0;
    const fresh = await loadRetriever(`${out}/`, { ort, fetch: fetchFile });
    const method = 'diffusion';
    await fresh.search('camping', { method });
    expect(fetched).not.toContain(WEB_FILES.denoiser);
    await fresh.search('camping', { method, steps: 5 });
    await fresh.search('camping', { method, steps: 6 });
    expect(fetched.filter((name) => name === WEB_FILES.denoiser)).toHaveLength(1);
  });
});

it('a flat index finds what looking at every row finds', async () => {
  const cell = fc.integer({ min: -3, max: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      async (rows, k) => {
        const vectors = normalizeRows(matrix(rows.length, 3, Float32Array.from(rows.flat())));
        const directions = matrix(1, 3, Float32Array.of(0.6, 0.8, 0));
        const found = await new FlatIndex(vectors).search(directions, { k });
        expect(found).toEqual(await plainIndex(vectors).search(directions, { k }));
        const mask = Uint8Array.from(rows, (_, i) => i % 2);
        const { indices } = await new FlatIndex(vectors).search(directions, { k, mask });
        expect(indices.filter((i) => i >= 0).every((i) => i % 2 === 1)).toBe(true);
        expect(indices.filter((i) => i >= 0)).toHaveLength(Math.min(k, Math.floor(rows.length / 2)));
      },
    ),
  );
});

it('the browser part needs nothing of Node, and bundles to one file without imports', async () => {
  const entry = fileURLToPath(new URL('./index.ts', import.meta.url));
  const outDir = temp.path('bundle');
  await build({
    configFile: false,
    logLevel: 'silent',
    build: { outDir, minify: false, lib: { entry, formats: ['es'], fileName: 'web' } },
  });
  const code = await readFile(`${outDir}/web.js`, 'utf8');
  expect(code).toContain('r4t-web');
  // A CommonJS package would bring a wrapper and, with it, `require` or `module.exports`.
  expect(code).not.toMatch(
    /^import |\bimport\(|\brequire\(|module\.exports|__commonJS|__vite-browser-external|node:/m,
  );
  expect(code.length).toBeLessThan(231_000);
});
