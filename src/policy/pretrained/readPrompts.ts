import { type Feeds, floats, type Tensor } from '../../engine/index.js';
import { hasLocalLayers, NEVER } from './graphs.js';
import type { LanguageModel } from './languageModel.js';
import { ropeFrequencies, ropeTables } from './rope.js';
import { commonStart, type Layout, layOut, type Piece, sequenceFeeds } from './sequences.js';
import type { LanguageModelSettings } from './settings.js';

/** Tokens that are read in one run: beyond it the attention of branches that do not see each other costs more than it saves. */
const READ_AT_ONCE = 512;

export interface ReadPrompts {
  /** What `stepGraph` reads of the prompts: `prompt.keys.L` and `prompt.values.L`. */
  readonly feeds: Feeds;
  /** Of each prompt's next token, [prompts, vocabularySize]. */
  readonly probabilities: Float32Array;
  /** [prompts]. */
  readonly entropies: Float32Array;
}

/**
 * Reads prompts; what they all begin with is read once a run.
 *
 * @param fixed inputs that are the same in all runs
 */
export async function readPrompts(
  model: LanguageModel,
  prompts: readonly Int32Array[],
  fixed: Feeds,
  signal?: AbortSignal,
): Promise<ReadPrompts> {
  const { settings } = model.config;
  const { vocabularySize, layers, keyValueHeads, headWidth } = settings;
  const shared = commonStart(prompts);
  const longest = Math.max(...prompts.map(({ length }) => length));
  const dims = [prompts.length, keyValueHeads, longest, headWidth];
  const feeds: Record<string, Tensor> = {};
  for (let layer = 0; layer < layers; layer++)
    for (const kind of ['keys', 'values'])
      feeds[`prompt.${kind}.${layer}`] = { data: new Float32Array(dims.reduce((a, b) => a * b)), dims };
  const probabilities = new Float32Array(prompts.length * vocabularySize);
  const entropies = new Float32Array(prompts.length);
  const session = await model.read();
  for (const [start, end] of runs(prompts, shared)) {
    signal?.throwIfAborted();
    const layout = layOut({
      tokens: prompts[start].subarray(0, shared),
      branches: prompts.slice(start, end).map((prompt) => ({ tokens: prompt.subarray(shared) })),
    });
    const [root, ...own] = layout.pieces;
    const last = Int32Array.from(own, (piece) => piece.end - 1);
    const result = await session.run({
      ...fixed,
      ...sequenceFeeds(settings, layout),
      positions: { data: last, dims: [last.length] },
    });
    probabilities.set(floats(result.probabilities), start * vocabularySize);
    entropies.set(floats(result.entropies), start);
    for (const [name, { data }] of Object.entries(feeds)) {
      const from = floats(result[name.replace('prompt.', '')]);
      const into = data as Float32Array;
      own.forEach((piece, i) => {
        copyPieces(from, layout, [root, piece], into, start + i, dims);
      });
    }
  }
  return { feeds, probabilities, entropies };
}

/** Copies a prompt's pieces of [1, heads, length, width] to its row of [prompts, heads, longest, width]. */
function copyPieces(
  from: Float32Array,
  { length }: Layout,
  pieces: readonly Piece[],
  into: Float32Array,
  row: number,
  [, heads, longest, width]: readonly number[],
): void {
  for (let head = 0; head < heads; head++) {
    let at = (row * heads + head) * longest * width;
    for (const { start, end } of pieces) {
      into.set(from.subarray((head * length + start) * width, (head * length + end) * width), at);
      at += (end - start) * width;
    }
  }
}

/** [start, end) of the prompts that are read together. */
function* runs(prompts: readonly Int32Array[], shared: number): Generator<[number, number]> {
  let start = 0;
  let length = shared;
  for (let i = 0; i < prompts.length; i++) {
    const own = prompts[i].length - shared;
    if (i > start && length + own > READ_AT_ONCE) {
      yield [start, i];
      [start, length] = [i, shared];
    }
    length += own;
  }
  yield [start, prompts.length];
}

/** The step's inputs that tell where its tokens stand, `written` of their continuations being there: rotations and what is seen of prompts. */
export function placeFeeds(
  settings: LanguageModelSettings,
  prompts: readonly Int32Array[],
  written: number,
): Feeds {
  const places = prompts.map(({ length }) => length + written);
  const rotation = (local: boolean) =>
    ropeTables(ropeFrequencies(settings, local), places, [places.length, 1, 1]);
  const feeds = { ...rotation(false), 'prompt.mask': promptMask(prompts, places) };
  if (!hasLocalLayers(settings)) return feeds;
  const { cos, sin } = rotation(true);
  return {
    ...feeds,
    'local.cos': cos,
    'local.sin': sin,
    'local.prompt.mask': promptMask(prompts, places, settings.slidingWindow),
  };
}

function promptMask(
  prompts: readonly Int32Array[],
  places: readonly number[],
  window = Number.POSITIVE_INFINITY,
): Tensor {
  const longest = Math.max(...prompts.map(({ length }) => length));
  const data = new Float32Array(prompts.length * longest).fill(NEVER);
  prompts.forEach(({ length }, r) => {
    for (let t = 0; t < length; t++) if (places[r] - t < window) data[r * longest + t] = 0;
  });
  return { data, dims: [prompts.length, 1, 1, 1, longest] };
}
