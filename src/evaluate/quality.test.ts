import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../catalog/catalog.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { SHOP, TINY } from '../cli/testing/shop.js';
import { type CompileOptions, compile } from '../compile/compile.js';
import { Retriever } from '../retrieve/retriever.js';
import { parseConfig } from '../run/parseConfig.js';
import { benchQuality, experimentConfig, experimentQueries, type QualityOptions } from './quality.js';
import { resultsFileSchema } from './report/schema.js';

const temp = tempFolder();
let folders = 0;

/** A data folder with the shop and these files, and an empty one for the experiment. */
function dataFolder(files: Record<string, readonly unknown[]>): { data: string; out: string } {
  const data = temp.path(`data-${folders}`);
  for (const [name, records] of Object.entries({ 'catalog.jsonl': SHOP, ...files })) {
    mkdirSync(dirname(join(data, name)), { recursive: true });
    writeFileSync(join(data, name), records.map((record) => JSON.stringify(record)).join('\n'));
  }
  return { data, out: temp.path(`out-${folders++}`) };
}

const SPLITS = ['train', 'train', 'train', 'valid', 'test', 'test'];
const CATEGORIES = ['shoes', 'kitchen', 'garden', 'camping'];
/** Of every category six sets of two items. */
const SETS = CATEGORIES.flatMap((category) => {
  const ids = SHOP.filter((item) => item.category === category).map(({ id }) => id);
  return SPLITS.map((split, i) => ({ items: [ids[2 * i], ids[2 * i + 1]], split, category }));
});
const WITH_QUERIES = SETS.map(({ category, ...set }, i) => ({
  ...set,
  query: `${category} for person ${i}`,
}));

/** Compiles models so small that it takes a moment, and notes what was asked for. */
function tinyCompile(asked: CompileOptions[]): QualityOptions['compile'] {
  return async (runs, control) => {
    asked.push(...runs);
    for (const run of runs) {
      const { task, seed, budget } = run.config ?? {};
      await compile({ ...run, ...control, config: { ...TINY, task, seed, budget } });
    }
  };
}

/** Recall of plain search on the test sets, found by searching. */
async function plainRecall(run: string, budget: number): Promise<number> {
  const retriever = await Retriever.load(run);
  const test = WITH_QUERIES.filter(({ split }) => split === 'test');
  const shares = test.map(async ({ query, items }) => {
    const found = await retriever.search(query, { method: 'plain', k: budget });
    return found.items.filter(({ id }) => items.includes(id)).length / items.length;
  });
  return (await Promise.all(shares)).reduce((a, b) => a + b) / test.length;
}

function queriesOf(data: string, task: 'oar' | 'wscr') {
  const options = { data, task, out: '', command: '', compile: async () => {} };
  return loadCatalog(join(data, 'catalog.jsonl')).then((catalog) => experimentQueries(options, catalog));
}

describe('benchQuality', () => {
  it('goes from reference sets to one table of all seeds', async () => {
    const { data, out } = dataFolder({ 'sets.jsonl': WITH_QUERIES });
    const asked: CompileOptions[] = [];
    const options = {
      data,
      out,
      task: 'wscr',
      budget: 0.125,
      seeds: [1, 2],
      compile: tinyCompile(asked),
    } as const;
    const { results } = await benchQuality({ ...options, command: 'r4t bench quality' });
    expect(asked.map((run) => [run.out, run.config?.seed, run.ablations])).toEqual([
      [join(out, 'seed-1'), 1, true],
      [join(out, 'seed-2'), 2, true],
    ]);
    const budget = SHOP.length / 8;
    expect(results).toMatchObject({
      dataset: 'data-0',
      task: 'wscr',
      seeds: [1, 2],
      items: SHOP.length,
      budget,
    });
    expect(results.queries).toMatchObject({ valid: 4, test: 8 });
    const { plain } = results.methods;
    const recall = await plainRecall(join(out, 'seed-1'), budget);
    expect(recall).toBeGreaterThan(0);
    expect(recall).toBeLessThan(1);
    expect(plain?.metrics.recallAtB?.mean).toBeCloseTo(recall, 10);
    expect(plain?.perSeed.recallAtB).toHaveLength(1);
    for (const name of ['folm', 'diffusion', 'diffusionSupervised'] as const) {
      const { metrics, perSeed } = results.methods[name] ?? {};
      const [one, two] = perSeed?.recallAtB ?? [];
      expect(metrics?.recallAtB?.mean, name).toBeCloseTo((one + two) / 2, 10);
    }
    const file: unknown = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    expect(resultsFileSchema.safeParse(file).success).toBe(true);
    for (const name of ['report.html', 'report.md', 'report.json'])
      expect(existsSync(join(out, name))).toBe(true);
  });

  it('makes open-ended queries from a catalog that has nothing else', async () => {
    const { data, out } = dataFolder({});
    const { results } = await benchQuality({
      data,
      out,
      task: 'oar',
      quick: true,
      compile: tinyCompile([]),
      command: '',
    });
    expect(results.seeds).toEqual([1]);
    expect(results.queries.test).toBeGreaterThan(0);
    expect(results.methods.folm?.metrics.composite?.mean).toBeGreaterThan(0);
    expect(results.methods.folm?.metrics.recallAtB).toBeUndefined();
  });

  it('says which file is missing', async () => {
    const { data, out } = dataFolder({});
    const options = { data, out, task: 'wscr', compile: tinyCompile([]), command: '' } as const;
    const file = join(data, 'sets.jsonl');
    await expect(benchQuality(options)).rejects.toMatchObject({ name: 'InputError', file });
    expect(existsSync(out)).toBe(false);
  });
});

describe('experimentQueries', () => {
  it("adds the catalog's own words to few queries of sets, for training only", async () => {
    const queries = await queriesOf(dataFolder({ 'sets.jsonl': WITH_QUERIES }).data, 'wscr');
    const added = queries.filter((q) => q.items.length === 0);
    expect(added.length).toBeGreaterThan(0);
    expect(new Set(added.map((q) => q.split))).toEqual(new Set(['train']));
    expect(queries.filter((q) => q.split === 'test').map((q) => q.query)).toEqual(
      WITH_QUERIES.filter((q) => q.split === 'test').map((q) => q.query),
    );
  });

  it('makes queries of sets without, several for training, one for every held-out set', async () => {
    // Four colours each: their pairs and triples are the queries there can be.
    const sets = Array.from({ length: 18 }, (_, i) => ({
      items: SHOP.slice(4 * i, 4 * i + 4).map(({ id }) => id),
      split: SPLITS[i % SPLITS.length],
    }));
    const queries = await queriesOf(dataFolder({ 'sets.jsonl': sets }).data, 'wscr');
    const heldOut = queries.filter((q) => q.split !== 'train').map((q) => String(q.items));
    expect(heldOut.length).toBeGreaterThan(2);
    expect(new Set(heldOut).size).toBe(heldOut.length);
    const training = queries.filter((q) => q.split === 'train' && q.items.length > 0);
    expect(new Set(training.map((q) => String(q.items))).size).toBeLessThan(training.length);
  });

  it('takes the queries of a data folder that has its own', async () => {
    const own = [
      { query: 'a picnic', split: 'train' },
      { query: 'rain', split: 'valid' },
      { query: 'a garden party', split: 'test' },
    ];
    const queries = await queriesOf(dataFolder({ 'queries.jsonl': own }).data, 'oar');
    const heldOut = queries.filter((q) => q.split !== 'train');
    expect(heldOut.map((q) => q.query)).toEqual(['rain', 'a garden party']);
    expect(queries.some((q) => q.query === 'a picnic')).toBe(true);
  });
});

describe('experimentConfig', () => {
  it('is what every run has, but for task, seed and budget', () => {
    const config = parseConfig(experimentConfig({ task: 'wscr', seed: 7, budget: 0.1 }));
    expect(config).toEqual({ ...parseConfig({}), task: 'wscr', seed: 7, budget: 0.1 });
    expect(parseConfig(experimentConfig({ task: 'oar', seed: 1 })).budget).toBe(parseConfig({}).budget);
  });
});
