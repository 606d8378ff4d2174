/** Runs compiled with an encoder of the config, through everything that loads them. */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { type CompileOptions, compile } from '../compile/compile.js';
import type { Encoder } from '../encode/encoder.js';
import { letterEncoder } from '../encode/testing/letterEncoder.js';
import { type StubEmbeddings, stubEmbeddings } from '../encode/testing/stubEmbeddings.js';
import { writeTinyClip, writeTinyModel } from '../encode/testing/tinyModels.js';
import { evaluateRun } from '../evaluate/evaluateRun.js';
import { Retriever } from '../retrieve/retriever.js';
import { WorkerEngine } from '../serve/engine/workerEngine.js';
import { CONFIG, ITEMS } from '../serve/testing/tinyRun.js';
import type { UserConfig } from './config.js';
import { loadConfig } from './loadConfig.js';

const temp = tempFolder();
let stub: StubEmbeddings | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

/** An encoder of the user's that counts letters, and says of which part it is the vector. */
const MODULE = `
export default {
  id: 'mine',
  dim: 32,
  async encode(texts: string[]) {
    const data = new Float32Array(texts.length * 32);
    texts.forEach((text, i) => {
      for (const letter of text) data[i * 32 + (letter.codePointAt(0)! % 32)]++;
      const row = data.subarray(i * 32, (i + 1) * 32);
      const norm = Math.hypot(...row) || 1;
      row.forEach((x, j) => { row[j] = x / norm; });
    });
    return { rows: texts.length, cols: 32, data };
  },
};`;

const QUERIES = ['red', 'blue', 'lamp', 'tent'].map((query) => ({ query, split: 'train' }));
const HELD_OUT = [
  { query: 'golden', split: 'valid' },
  { query: 'boot', split: 'test' },
];

/** A project in a folder of its own: catalog, module and config file; compiled from the file. */
async function compileProject(
  name: string,
  encoder: UserConfig['encoder'],
  options: Partial<CompileOptions> & { readonly items?: readonly object[] } = {},
): Promise<string> {
  mkdirSync(temp.path(name), { recursive: true });
  temp.write(`${name}/mine.ts`, MODULE);
  const { items = ITEMS, ...rest } = options;
  const catalog = temp.write(`${name}/catalog.jsonl`, items);
  const queries = temp.write(`${name}/queries.jsonl`, [...QUERIES, ...HELD_OUT]);
  const file = temp.write(`${name}/r4t.config.json`, JSON.stringify({ ...CONFIG, encoder }));
  const out = temp.path(name, 'runs', 'shop');
  await compile({ catalog, queries, out, config: await loadConfig(file), stage: 'encode', ...rest });
  return out;
}

/** The nearest item, which tells what the query's vector is. */
async function nearest(run: string, query: string): Promise<string> {
  const retriever = await Retriever.load(run, { methods: ['plain'], threads: 1 });
  return (await retriever.search(query, { method: 'plain', k: 2 })).items[0].title;
}

describe('a module', () => {
  it('is found again from the run, also after the project has moved or behind a link', async () => {
    const run = await compileProject('module', { kind: 'module', path: './mine.ts' });
    const manifest = JSON.parse(readFileSync(`${run}/run.json`, 'utf8'));
    expect(manifest).toMatchObject({
      encoder: 'mine',
      config: { encoder: { kind: 'module', path: '../../mine.ts' } },
    });
    expect(await nearest(run, 'blue boot')).toBe('blue boot');
    cpSync(temp.path('module'), temp.path('moved'), { recursive: true });
    rmSync(temp.path('module'), { recursive: true });
    symlinkSync(temp.path('moved', 'runs', 'shop'), temp.path('current'));
    expect(await nearest(temp.path('moved', 'runs', 'shop'), 'blue boot')).toBe('blue boot');
    expect(await nearest(temp.path('current'), 'blue boot')).toBe('blue boot');
  });

  it('is served by the search thread, also for items that change', async () => {
    const run = await compileProject('served', { kind: 'module', path: 'mine.ts' });
    const engine = await WorkerEngine.load({ folder: run, threads: 1 });
    const metadata = {};
    await engine.apply([{ upsert: { id: 'new', text: 'qqq xxx', title: 'qqq xxx', metadata } }]);
    const { results } = await engine.search([{ query: 'qqq xxx', method: 'plain', k: 1 }], 10_000);
    await engine.close();
    expect(results[0]).toMatchObject({ set: { items: [{ id: 'new', score: expect.closeTo(1, 3) }] } });
  }, 60_000);

  it('is what a run is evaluated and gone on with', async () => {
    const encoder = { kind: 'module', path: 'mine.ts' } as const;
    const run = await compileProject('whole', encoder);
    await compileProject('whole', encoder, { stage: undefined });
    const { methods } = await evaluateRun(run, { threads: 1, methods: ['plain', 'diffusion'], steps: [] });
    expect([...methods.keys()]).toEqual(['plain', 'diffusion']);
    const heldout = async (encoder: Encoder | undefined) =>
      evaluateRun(run, { threads: 1, methods: ['plain'], steps: [], heldoutEncoder: async () => encoder });
    const measured = await heldout(letterEncoder);
    expect(measured.heldoutEncoder).toBe('letters');
    expect(measured.methods.get('plain')?.metrics.diversityHeldout).toBeDefined();
    const own = await heldout({ ...letterEncoder, id: 'mine' });
    expect(own.heldoutEncoder).toBeUndefined();
    expect(own.methods.get('plain')?.metrics.diversityHeldout).toBeUndefined();
  });

  it('that has another id now is not searched with', async () => {
    const run = await compileProject('changed', { kind: 'module', path: 'mine.ts' });
    temp.write('changed/mine.ts', MODULE.replace("'mine'", "'other'"));
    await expect(Retriever.load(run)).rejects.toThrow(
      'was compiled with the encoder "mine", but its setting leads to "other" now; put the old model back',
    );
    await expect(compileProject('changed', 'use-lite')).rejects.toThrow(
      'another encoder; choose another --out',
    );
  });

  it('gives way to an encoder given as an argument', async () => {
    const encoder = { kind: 'module', path: 'gone.ts' } as const;
    const run = await compileProject('argument', encoder, { encoder: letterEncoder });
    await expect(Retriever.load(run)).rejects.toThrow('gone.ts: does not exist');
    await Retriever.load(run, { encoder: letterEncoder, methods: ['plain'] });
  });
});

describe('an endpoint', () => {
  it('encodes a run once, however often it is compiled; its cost is told', async () => {
    stub = await stubEmbeddings();
    const encoder = { kind: 'openai', baseUrl: stub.baseUrl, model: 'letters' } as const;
    const warnings: string[] = [];
    const onProgress: CompileOptions['onProgress'] = ({ warning }) => warning && warnings.push(warning);
    const run = await compileProject('endpoint', encoder, { onProgress });
    expect(warnings).toEqual([
      expect.stringMatching(/^24 texts of \d+ characters are sent to http.* \(letters\)/),
    ]);
    // And one text that tells the length of the vectors.
    expect(stub.texts).toHaveLength(25);
    await compileProject('endpoint', encoder, { force: true, items: ITEMS.slice(1) });
    expect(stub.texts).toHaveLength(25);
    expect(await nearest(run, 'blue boots')).toBe('blue boot');
    expect(stub.texts.slice(25)).toEqual(['blue boots']);
  });

  it('may move: it is the same encoder at another address', async () => {
    stub = await stubEmbeddings();
    const { baseUrl } = stub;
    await compileProject('address', { kind: 'openai', baseUrl, model: 'letters' });
    const other = baseUrl.replace('127.0.0.1', 'localhost');
    const run = await compileProject('address', { kind: 'openai', baseUrl: other, model: 'letters' });
    expect(readFileSync(`${run}/run.json`, 'utf8')).toContain('localhost');
  });

  it('needs the key its config names', async () => {
    const encoder = {
      kind: 'openai',
      baseUrl: 'http://127.0.0.1:9',
      model: 'm',
      apiKeyEnv: 'R4T_NO_KEY',
    } as const;
    await expect(compileProject('key', encoder)).rejects.toThrow(
      'field "encoder.apiKeyEnv": names the environment variable R4T_NO_KEY, which is not set',
    );
  });
});

describe('precomputed vectors', () => {
  const withVectors = ITEMS.map((item, i) => {
    const vector = new Array<number>(32).fill(0);
    vector['abcdefghijklmnopqrstuvwxyz'.charCodeAt(i) % 32] = 1;
    return { ...item, vector };
  });

  it('have an encoder of the config for queries', async () => {
    const encoder = { kind: 'precomputed', queries: { kind: 'module', path: 'mine.ts' } } as const;
    const run = await compileProject('vectors', encoder, { items: withVectors });
    expect(JSON.parse(readFileSync(`${run}/run.json`, 'utf8'))).toMatchObject({
      encoder: 'precomputed/mine',
    });
    // The third item's vector is that of the letter c, whatever its text.
    expect(await nearest(run, 'c')).toBe(ITEMS[2].title);
  });

  it('of another length than the encoder for queries are refused', async () => {
    const short = ITEMS.map((item) => ({ ...item, vector: [1, 0, 0] }));
    const encoder = { kind: 'precomputed', queries: { kind: 'module', path: 'mine.ts' } } as const;
    await expect(compileProject('short', encoder, { items: short })).rejects.toThrow(
      'have length 3, the query encoder mine makes 32',
    );
  });
});

describe('models of transformers.js', () => {
  it('tell queries from items', async () => {
    writeTinyModel(temp.path('tiny'));
    const model = { kind: 'transformers', model: '../tiny' } as const;
    const prefix = { query: 'query ', item: 'zzz ' };
    const run = await compileProject('prefix', { ...model, prefix });
    const same = await compileProject('none', { ...model });
    expect(await nearest(same, 'blue boot')).toBe('blue boot');
    const { encoder, config } = JSON.parse(readFileSync(`${run}/run.json`, 'utf8'));
    expect(encoder).toMatch(/^transformers\/tiny@[0-9a-f]{12}\/mean\/\["query ","zzz "\]$/);
    expect(config.encoder).toMatchObject({ model: '../../../tiny', prefix });
    const vectors = (folder: string) => readFileSync(`${folder}/encode/vectors.safetensors`);
    expect(vectors(run)).not.toEqual(vectors(same));
    await Retriever.load(run, { methods: ['plain'] });
  });

  it('see the pictures of the catalog folder, but no files for items that change', async () => {
    writeTinyClip(temp.path('clip'));
    mkdirSync(temp.path('pictures'));
    const svg = (colour: string) =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="${colour}"/></svg>`;
    const colours = ['red', 'blue', 'green', 'gold', 'grey', 'pink', 'navy', 'teal', 'lime', 'tan'];
    for (const colour of colours) writeFileSync(temp.path('pictures', `${colour}.svg`), svg(colour));
    const items = colours.map((colour) => ({ id: colour, title: `thing ${colour}`, image: `${colour}.svg` }));
    const warnings: string[] = [];
    const run = await compileProject(
      'pictures',
      { kind: 'clip', model: '../clip', items: 'image' },
      {
        items,
        onProgress: ({ warning }) => warning && warnings.push(warning),
      },
    );
    expect(warnings).toEqual([]);
    const engine = await WorkerEngine.load({ folder: run, threads: 1 });
    const item = (text: string) => ({ id: text, text, title: text, metadata: {} });
    const data = `data:image/svg+xml,${encodeURIComponent(svg('red'))}`;
    await engine.apply([
      { upsert: { ...item('thing sent'), image: data } },
      { upsert: { ...item('thing file'), image: temp.path('pictures', 'red.svg') } },
    ]);
    const jobs = ['thing file', 'thing sent'].map((query) => ({ query, method: 'plain', k: 3 }) as const);
    const { results } = await engine.search(jobs, 10_000);
    await engine.close();
    const [file, sent] = jobs.map(({ query }, i) => {
      const found = 'set' in results[i] ? results[i].set.items : [];
      return found.find(({ id }) => id === query)?.score ?? 0;
    });
    // The text alone was encoded, which the query is equal to; of the other one its picture.
    expect(file).toBeCloseTo(1, 3);
    expect(sent).toBeLessThan(0.99);
  }, 60_000);
});
