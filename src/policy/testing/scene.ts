/** A decoder small enough for tests, with a tokenizer of a few dozen words and random parameters. */
import { initialize, type Parameters } from '../../engine/index.js';
import { type Matrix, matrix, normalizeRows } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import { ExactIndex } from '../../vectorIndex/exactIndex.js';
import type { DecoderConfig, Writes } from '../decoder.js';
import { type Format, formatTable } from '../format.js';
import { crossEntropyGraph } from '../softGrpo.js';
import { type Tokenizer, trainTokenizer } from '../tokenizer.js';

export const DIM = 12;

/** One thread: the figures are then the same on every machine, and tests run beside each other. */
export const runtime = { threads: 1 } as const;

const COLOURS = ['red', 'blue', 'green', 'black', 'golden'];
const THINGS = ['chair', 'table', 'lamp', 'tent', 'boot', 'shirt'];
/** What a catalog of thirty things would say. */
export const TEXTS = COLOURS.flatMap((colour) => THINGS.map((thing) => `${colour} ${thing}`));

export interface Scene {
  readonly tokenizer: Tokenizer;
  readonly config: DecoderConfig;
  readonly format: Format;
}

export interface SceneOptions {
  readonly texts?: readonly string[];
  readonly vocabularySize?: number;
  readonly format?: Format;
  readonly layers?: number;
  readonly writes?: Writes;
}

export function scene({
  texts = TEXTS,
  vocabularySize = 48,
  format = { k: 3, maxTokens: 4 },
  layers = 2,
  writes = 'anything',
}: SceneOptions = {}): Scene {
  const tokenizer = trainTokenizer(texts, { vocabularySize });
  return {
    tokenizer,
    format,
    config: { vocabularySize: tokenizer.size, conditionDim: DIM, width: 16, layers, heads: 2, writes },
  };
}

/** Fresh parameters, their matrices `scale` times as large as a training would begin with. */
export function randomParameters({ config, tokenizer }: Scene, seed: number, scale = 1): Parameters {
  const parameters = initialize(crossEntropyGraph(config, formatTable(tokenizer)).loss.graph, seed);
  for (const { data, dims } of parameters.values()) {
    if (dims.length > 1) for (let i = 0; i < data.length; i++) data[i] *= scale;
  }
  return parameters;
}

/** Random unit rows [rows, DIM]. */
export function randomVectors(rows: number, seed: number): Matrix {
  const m = matrix(rows, DIM);
  new CounterRandom(seed, 'policy test vectors').fillNormal(m.data);
  return normalizeRows(m);
}

/** The things as a catalog with random vectors. */
export async function catalogOfThings() {
  const items = TEXTS.map((text, i) => ({ id: String(i), text, title: text, metadata: {} }));
  const vectors = randomVectors(items.length, 7);
  return { items, vectors, index: await ExactIndex.create({ vectors, ...runtime }) };
}
