/** What transformers and peft computed with small models whose weights are a formula: see bench/pretrained/fixtures.py. */
import { readFileSync } from 'node:fs';
import type { Graph, Parameters } from '../../../engine/index.js';
import { isAdapter, LanguageModel, modelGraph } from '../languageModel.js';
import type { LoraSettings } from '../lora.js';
import type { LanguageModelSettings } from '../settings.js';

export interface OracleFixture {
  readonly settings: LanguageModelSettings;
  readonly lora: LoraSettings;
  readonly tokens: readonly (readonly number[])[];
  /** At positions 3 and 11 of each row, without an adapter. */
  readonly logits: readonly (readonly (readonly number[])[])[];
  /** Mean of -log p of all tokens but each row's first, with the adapter. */
  readonly loraLoss: number;
  /** Of each of the adapter's tensors: the gradient's norm, and its product with `noise(7)`. */
  readonly loraGradients: Readonly<Record<string, readonly [number, number]>>;
}

export const oracle = (architecture: string): OracleFixture =>
  JSON.parse(readFileSync(new URL(`./fixtures/${architecture}.json`, import.meta.url), 'utf8'));

/** Numbers in [-1, 1): MurmurHash3's finaliser of index and seed. */
export function noise(seed: number, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    let x = (i + Math.imul(seed, 0x9e3779b9)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1;
  });
}

function seedOf(name: string): number {
  let seed = 0;
  for (let i = 0; i < name.length; i++) seed = (Math.imul(seed, 31) + name.charCodeAt(i)) & 0xffffff;
  return seed;
}

/** The formula's values of a graph's parameters. */
export function formulaWeights(graph: Graph, { architecture }: LanguageModelSettings): Parameters {
  return new Map(
    [...graph.parameters].map(([name, { shape }]) => {
      const centre = name.endsWith('norm.weight') && architecture !== 'gemma3' ? 1 : 0;
      const values = noise(
        seedOf(name),
        shape.reduce((n, d) => n * d, 1),
      );
      return [name, { data: Float32Array.from(values, (x) => 0.3 * x + centre), dims: shape }];
    }),
  );
}

/** The small model of an architecture, with its adapter where it is asked for. */
export function oracleModel(architecture: string, { adapted = false } = {}): LanguageModel {
  const { settings, lora } = oracle(architecture);
  const weights = formulaWeights(modelGraph({ settings, lora }), settings);
  const [adapter, frozen]: [Parameters, Parameters] = [new Map(), new Map()];
  for (const [name, tensor] of weights) (isAdapter(name) ? adapter : frozen).set(name, tensor);
  return adapted
    ? LanguageModel.create({ settings, lora }, frozen, { adapter })
    : LanguageModel.create({ settings }, frozen);
}
