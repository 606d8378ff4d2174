import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { evaluateRun } from '../evaluate/evaluateRun.js';
import { letterEncoder } from '../policy/testing/world.js';
import { Retriever } from '../retrieve/retriever.js';
import type { UserConfig } from '../run/config.js';
import { RunFolder } from '../run/runFolder.js';
import { type CompileOptions, compile } from './compile.js';

const temp = tempFolder();
const COLORS = ['red', 'blue', 'green', 'golden', 'black', 'white'];
const THINGS = ['chair', 'table', 'lamp', 'tent', 'boot', 'shirt'];
const items = COLORS.flatMap((color) =>
  THINGS.map((thing) => ({ id: `${color}-${thing}`, title: `${color} ${thing}`, category: thing, color })),
);
const catalog = temp.write('catalog.jsonl', items);
const sets = temp.write(
  'sets.jsonl',
  COLORS.flatMap((color, c) =>
    ['things', 'stuff', 'goods'].map((word, w) => ({
      query: `${color} ${word}`,
      items: THINGS.slice(w, w + 3).map((thing) => `${color}-${thing}`),
      split: c === 0 ? 'test' : c === 1 ? 'valid' : 'train',
    })),
  ),
);
const config = {
  task: 'wscr',
  k: 3,
  dimensions: 8,
  threads: 1,
  policy: { warmStartSteps: 3, steps: 2, queriesPerStep: 4, groupSize: 4 },
  synthesis: { samplesPerQuery: 4 },
  diffusion: { steps: 3, batchSize: 4, samplerSteps: 2 },
} satisfies UserConfig;
let runs = 0;
const options = (changes: Partial<CompileOptions> = {}): CompileOptions => ({
  catalog,
  sets,
  out: temp.path(`run-${runs++}`),
  config,
  encoder: letterEncoder,
  ...changes,
});

const RESULTS = ['warm-start', 'policy', 'diffusion'].map((stage) => `${stage}/weights.safetensors`);
const hashes = (out: string) =>
  [...RESULTS, 'synthesis/shard-00000.safetensors'].map((file) =>
    createHash('sha256')
      .update(readFileSync(`${out}/${file}`))
      .digest('hex'),
  );

describe('a run that learns from reference sets', () => {
  const whole = options();

  it('goes through all stages and answers by what it has trained', async () => {
    await compile(whole);
    const stages = (await RunFolder.open(whole.out)).manifest.stages;
    expect(stages.policy).toMatchObject({ bestStep: expect.any(Number), validation: expect.any(Number) });
    await using retriever = await Retriever.load(whole.out, { encoder: letterEncoder });
    for (const method of ['folm', 'diffusion'] as const) {
      const { items: found } = await retriever.search('green things', { method });
      expect(new Set(found.map(({ id }) => id)).size).toBe(3);
      const filtered = await retriever.search('green things', { method, filter: ['color=white'] });
      expect(filtered.items.map(({ metadata }) => metadata?.color)).toEqual(['white', 'white', 'white']);
    }
  });

  it('is evaluated beside what the warm start and every baseline find', async () => {
    const { methods } = await evaluateRun(whole.out, { encoder: letterEncoder });
    for (const name of ['plain', 'vote', 'untrained', 'bestOfN', 'folm', 'diffusion'] as const)
      expect(methods.get(name)?.metrics.alphaNdcgAtK).toHaveLength(3);
  });

  it('ends the same to the last bit where it was stopped in every stage', async () => {
    const own = options();
    for (const stage of ['policy/warm-start', 'policy/rl', 'diffusion']) {
      const controller = new AbortController();
      const stopped = compile({
        ...own,
        signal: controller.signal,
        onProgress: (p) => {
          if (p.stage === stage && p.done === 1) controller.abort(new Error(stage));
        },
      });
      await expect(stopped).rejects.toThrow(stage);
    }
    await compile(own);
    expect(hashes(own.out)).toEqual(hashes(whole.out));
  });

  it('keeps ablations of its own kind', async () => {
    const own = options({ ablations: true });
    await compile(own);
    const { methods } = await evaluateRun(own.out, {
      encoder: letterEncoder,
      methods: ['diffusionSupervised', 'diffusionUntrained'],
    });
    expect([...methods.keys()].sort()).toEqual(['diffusionSupervised', 'diffusionUntrained']);
  });
});
