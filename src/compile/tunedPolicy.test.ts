/** Runs whose policy is a pretrained language model that is tuned, from warm-up to search, on a model too small to say anything. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { evaluateRun } from '../evaluate/evaluateRun.js';
import { readAdapter } from '../policy/pretrained/files/adapter.js';
import { writeGguf } from '../policy/pretrained/files/exportModel.js';
import { tinyModel, tinySettings, tinyWeights } from '../policy/pretrained/files/testing/tinyModel.js';
import type { Architecture } from '../policy/pretrained/settings.js';
import { letterEncoder } from '../policy/testing/world.js';
import { Retriever } from '../retrieve/retriever.js';
import { RunFolder } from '../run/runFolder.js';
import { type CompileOptions, compile } from './compile.js';

const temp = tempFolder();
const COLORS = ['red', 'blue', 'green', 'golden'];
const THINGS = ['chair', 'table', 'lamp', 'tent'];
const items = COLORS.flatMap((color) =>
  THINGS.map((thing) => ({ id: `${color}-${thing}`, title: `${color} ${thing}`, category: thing })),
);
const catalog = temp.write('catalog.jsonl', items);
const sets = temp.write(
  'sets.jsonl',
  ['train', 'train', 'valid', 'test'].map((split, i) => ({
    query: `${COLORS[i]} room`,
    items: THINGS.slice(0, 3).map((thing) => `${COLORS[i]}-${thing}`),
    split,
  })),
);
const model = temp.path('tiny.gguf');
/** Its context holds a prompt in bytes. */
const writeModel = (architecture: Architecture) => {
  const weights = tinyWeights({ ...tinySettings(architecture), maxPositions: 1024 });
  return writeGguf(model, { ...tinyModel(architecture), weights }, { type: 'F32' });
};
const options = (changes: Partial<CompileOptions> = {}): CompileOptions => ({
  catalog,
  sets,
  out: temp.path('run'),
  config: {
    task: 'wscr',
    k: 2,
    dimensions: 8,
    threads: 1,
    policy: {
      kind: 'pretrained',
      model,
      lora: { rank: 2, alpha: 4 },
      examples: 1,
      warmStartSteps: 2,
      steps: 1,
      queriesPerStep: 2,
      groupSize: 2,
    },
    synthesis: { samplesPerQuery: 2 },
    diffusion: { steps: 2, batchSize: 2 },
  },
  encoder: letterEncoder,
  ...changes,
});

describe('a run that tunes a pretrained model', () => {
  const stages = new Map<string, number>();
  beforeAll(async () => {
    await writeModel('llama');
    await compile(options({ onProgress: ({ stage, done }) => void stages.set(stage, done) }));
  }, 120_000);

  it('warms it up, reinforces it, and draws sets from what it writes', async () => {
    expect([stages.get('policy/warm-up'), stages.get('policy/rl')]).toEqual([2, 1]);
    const run = await RunFolder.open(temp.path('run'));
    expect(run.stageDone('policy')?.own).toBeUndefined();
    expect(run.stageDone('synthesis')?.sets).toBe(4);
    expect(run.manifest.modules?.policy?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('writes the adapter as PEFT reads it', async () => {
    const { lora, tensors } = await readAdapter(temp.path('run/policy/adapter'));
    expect([lora.rank, lora.alpha]).toEqual([2, 4]);
    // Two matrices of each of a block's seven, of two blocks.
    expect(Object.keys(tensors)).toHaveLength(28);
    const trained = Object.entries(tensors).filter(([name]) => name.includes('lora_B'));
    expect(trained.some(([, { data }]) => data.some((x) => x !== 0))).toBe(true);
  });

  it('searches by what the model writes, the same for the same seed', async () => {
    await using retriever = await Retriever.load(temp.path('run'), {
      encoder: letterEncoder,
      methods: ['folm'],
    });
    const ask = () => retriever.search('red room', { method: 'folm', k: 2, seed: 5 });
    const [first, second] = [await ask(), await ask()];
    expect(first.items).toHaveLength(2);
    expect(second.items.map(({ id }) => id)).toEqual(first.items.map(({ id }) => id));
  });

  it('is evaluated as it came, and before and after its training', async () => {
    const { methods } = await evaluateRun(temp.path('run'), {
      encoder: letterEncoder,
      threads: 1,
      steps: [],
    });
    expect([...methods.keys()]).toEqual(expect.arrayContaining(['zeroShot', 'untrained', 'bestOfN', 'folm']));
  });

  it('learns the same where blocks are computed again, which it may go on with', async () => {
    const again = (out: string) => {
      const { config } = options();
      const policy = { ...config?.policy, kind: 'pretrained' as const, model, recompute: true };
      return compile(options({ config: { ...config, policy }, out: temp.path(out) }));
    };
    await again('run');
    await again('recomputed');
    const adapters = ['run', 'recomputed'].map((run) => readAdapter(temp.path(run, 'policy/adapter')));
    const [kept, recomputed] = (await Promise.all(adapters)).map(({ tensors }) => tensors);
    for (const [name, { data }] of Object.entries(kept))
      for (const [i, x] of data.entries()) expect(recomputed[name].data[i], name).toBeCloseTo(x, 6);
  }, 60_000);

  it('goes on where it was, and takes no other model for it', async () => {
    await compile(options());
    expect(existsSync(temp.path('run/policy/weights.safetensors'))).toBe(true);
    await writeModel('qwen2');
    await expect(compile(options())).rejects.toThrow(/policy|other/);
  });
});

describe('recorded fan-outs', () => {
  const fanOuts = temp.path('fanOuts.jsonl');
  const record = (query: string) =>
    JSON.stringify({ query, sample: 0, subQueries: ['chair', 'lamp'], model: 'm', promptHash: 'h', seed: 1 });
  const compiled = (out: string, lines: readonly string[]) => {
    writeFileSync(fanOuts, lines.join('\n'));
    const config = {
      ...options().config,
      policy: { ...options().config?.policy, kind: 'pretrained' as const, model, fanOuts },
    };
    return compile(options({ config, out: temp.path(out) }));
  };

  it('are what the warm-up learns to write, and another file is another run', async () => {
    await writeModel('llama');
    await compiled('taught', [record('red room'), record('blue room')]);
    await compile(options({ out: temp.path('titles') }));
    const losses = (run: string) =>
      readFileSync(temp.path(run, 'warm-start', 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { loss: number }).loss);
    expect(losses('taught')).toHaveLength(2);
    expect(losses('taught')[0]).not.toBe(losses('titles')[0]);
    await expect(compiled('taught', [record('red room')])).rejects.toThrow(/policy|other/);
  }, 60_000);

  it('of other queries alone are refused', async () => {
    await expect(compiled('foreign', [record('green room')])).rejects.toThrow(
      'has no fan-out of a training query',
    );
  });
});

describe('a model that is not there', () => {
  it('is told by its path', async () => {
    const gone = temp.path('gone.gguf');
    const config = { ...options().config, policy: { kind: 'pretrained' as const, model: gone } };
    await expect(compile(options({ config, out: temp.path('none') }))).rejects.toThrow(/gone\.gguf/);
  });
});
