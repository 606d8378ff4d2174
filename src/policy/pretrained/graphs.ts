/**
 * The two graphs of a decoder: one reads whole sequences (prompts, and what is trained on), the other continues them by a token, the
 * keys and values of all before it at hand.
 */
import { type Dim, Graph, ops, type Value } from '../../engine/index.js';
import { type Attend, decoder, isLocal, logits, type Rotation } from './blocks.js';
import type { LoraSettings } from './lora.js';
import type { LanguageModelSettings } from './settings.js';

const {
  add,
  concat,
  exp,
  gather,
  logSoftmax,
  matmul,
  mul,
  neg,
  reshape,
  softmax,
  splitLike,
  sum,
  transpose,
} = ops;

export interface LanguageModelConfig {
  readonly settings: LanguageModelSettings;
  readonly lora?: LoraSettings;
  /** Whether a training computes each block once more for its gradients: less memory, more time. */
  readonly recompute?: boolean;
}

/** Added to the logit of what must not be seen or said. */
export const NEVER = -1e9;

/** Whether some layers attend to a window only, and so have rotations and masks of their own. */
export const hasLocalLayers = ({ localLayers }: Pick<LanguageModelSettings, 'localLayers'>): boolean =>
  localLayers?.includes(true) ?? false;

const scaleOf = ({ queryScale, headWidth }: LanguageModelSettings): number => queryScale ?? headWidth ** -0.5;

function rotations(graph: Graph, { headWidth, ...settings }: LanguageModelSettings, batch: Dim, n: Dim) {
  const of = (prefix: string): Rotation => ({
    cos: graph.input(`${prefix}cos`, [batch, n, 1, headWidth]),
    sin: graph.input(`${prefix}sin`, [batch, n, 1, headWidth]),
  });
  return { rotation: of(''), localRotation: hasLocalLayers(settings) ? of('local.') : undefined };
}

export interface SequenceGraph {
  readonly graph: Graph;
  /** After the last norm, [1, length, width]. */
  readonly hidden: Value;
  /** Of each layer, [1, keyValueHeads, length, headWidth]. */
  readonly keys: readonly Value[];
  readonly values: readonly Value[];
}

/**
 * Reads the inputs `tokens` int32 [1, length], `mask` [1, 1, 1, length, length], 0 where a token (second last axis) sees another and
 * `NEVER` where not, `cos` and `sin` [1, length, 1, headWidth]; and the same with the prefix `local.` where layers are local.
 */
export function sequenceGraph({ settings, lora, recompute }: LanguageModelConfig): SequenceGraph {
  const { heads, keyValueHeads: kv, headWidth } = settings;
  const graph = new Graph();
  const group = heads / kv;
  const maskInput = (name: string) => graph.input(name, [1, 1, 1, 'length', 'length']);
  const mask = maskInput('mask');
  const localMask = hasLocalLayers(settings) ? maskInput('local.mask') : mask;
  const [keys, values]: [Value[], Value[]] = [[], []];
  const attend: Attend = (layer, q, k, v) => {
    const folded = transpose(reshape(q, [1, 'length', kv, group, headWidth]), [0, 2, 3, 1, 4]);
    // A group's queries share keys: their rows are one matrix.
    const rows = `${group}*length`;
    keys.push(transpose(k, [0, 2, 1, 3]));
    values.push(transpose(v, [0, 2, 1, 3]));
    const scores = matmul(reshape(folded, [1, kv, rows, headWidth]), keys[layer], {
      transB: true,
      alpha: scaleOf(settings),
    });
    const seen = add(
      reshape(scores, [1, kv, group, 'length', 'length']),
      isLocal(settings, layer) ? localMask : mask,
    );
    const mixed = matmul(reshape(softmax(seen), [1, kv, rows, 'length']), values[layer]);
    const unfolded = transpose(reshape(mixed, [1, kv, group, 'length', headWidth]), [0, 3, 1, 2, 4]);
    return reshape(unfolded, [1, 'length', heads * headWidth]);
  };
  const hidden = decoder(settings, {
    tokens: graph.input('tokens', [1, 'length'], 'int32'),
    ...rotations(graph, settings, 1, 'length'),
    attend,
    lora,
    recompute,
  });
  return { graph, hidden, keys, values };
}

/** Hidden states [1, length, width] at the input `positions` int32 [picked] -> [picked, width]. */
export function pickPositions(hidden: Value): Value {
  const positions = hidden.graph.input('positions', ['picked'], 'int32');
  return gather(reshape(hidden, ['length', hidden.shape[2]]), positions);
}

/**
 * Logits as they are drawn from: divided by the temperature (the input `sharpness` is its inverse), less what must not be said (the
 * input `bias` [vocabularySize]).
 */
export function drawnLogits(settings: LanguageModelSettings, hidden: Value): Value {
  const { graph } = hidden;
  const bias = graph.input('bias', [settings.vocabularySize]);
  return add(mul(logits(settings, hidden), graph.input('sharpness', [])), bias);
}

/** What the next token is drawn from. */
export interface NextToken {
  /** [..., vocabularySize]. */
  readonly probabilities: Value;
  /** In nats, [...]. */
  readonly entropies: Value;
}

export function nextToken(settings: LanguageModelSettings, hidden: Value): NextToken {
  const logProbs = logSoftmax(drawnLogits(settings, hidden));
  const probabilities = exp(logProbs);
  return { probabilities, entropies: neg(sum(mul(probabilities, logProbs), [hidden.rank - 1])) };
}

export interface StepGraph extends NextToken {
  readonly graph: Graph;
  /** The token's own, of each layer, [rows, keyValueHeads, samples, 1, headWidth]. */
  readonly keys: readonly Value[];
  readonly values: readonly Value[];
}

/**
 * Reads the inputs `tokens` int32 [rows, samples]; of every layer `prompt.keys.L`, `prompt.values.L` [rows, keyValueHeads, prompt,
 * headWidth], which a row's samples share, and `own.keys.L`, `own.values.L` [rows, keyValueHeads, samples, own, headWidth];
 * `prompt.mask` [rows, 1, 1, 1, prompt] and `own.mask` [1, 1, 1, 1, own]; `cos` and `sin` [rows, 1, 1, headWidth].
 */
export function stepGraph({ settings, lora }: LanguageModelConfig, samples: number): StepGraph {
  const { heads, keyValueHeads: kv, headWidth } = settings;
  const graph = new Graph();
  const group = heads / kv;
  const masksOf = (prefix: string) => ({
    prompt: graph.input(`${prefix}prompt.mask`, ['rows', 1, 1, 1, 'prompt']),
    own: graph.input(`${prefix}own.mask`, [1, 1, 1, 1, 'own']),
  });
  const global = masksOf('');
  const local = hasLocalLayers(settings) ? masksOf('local.') : global;
  const [keys, values]: [Value[], Value[]] = [[], []];
  const attend: Attend = (layer, q, k, v) => {
    const masks = isLocal(settings, layer) ? local : global;
    const cache = (name: string) => ({
      prompt: graph.input(`prompt.${name}.${layer}`, ['rows', kv, 'prompt', headWidth]),
      own: graph.input(`own.${name}.${layer}`, ['rows', kv, samples, 'own', headWidth]),
    });
    const [oldKeys, oldValues] = [cache('keys'), cache('values')];
    const alone = (x: Value) => reshape(transpose(x, [0, 2, 1, 3]), ['rows', kv, samples, 1, headWidth]);
    keys.push(alone(k));
    values.push(alone(v));
    const queries = transpose(reshape(q, ['rows', samples, kv, group, headWidth]), [0, 2, 1, 3, 4]);
    const score = { transB: true, alpha: scaleOf(settings) };
    // All samples of a row read one prompt: their queries are rows of one matrix.
    const ofPrompt = matmul(
      reshape(queries, ['rows', kv, samples * group, headWidth]),
      oldKeys.prompt,
      score,
    );
    const parts = [
      add(reshape(ofPrompt, ['rows', kv, samples, group, 'prompt']), masks.prompt),
      add(matmul(queries, oldKeys.own, score), masks.own),
      matmul(queries, keys[layer], score),
    ];
    const [onPrompt, onOwn, onSelf] = splitLike(softmax(concat(parts, 4)), parts, 4);
    const fromPrompt = matmul(reshape(onPrompt, ['rows', kv, samples * group, 'prompt']), oldValues.prompt);
    const mixed = add(
      add(reshape(fromPrompt, ['rows', kv, samples, group, headWidth]), matmul(onOwn, oldValues.own)),
      matmul(onSelf, values[layer]),
    );
    return reshape(transpose(mixed, [0, 2, 1, 3, 4]), ['rows', samples, heads * headWidth]);
  };
  const hidden = decoder(settings, {
    tokens: graph.input('tokens', ['rows', samples], 'int32'),
    ...rotations(graph, settings, 'rows', 1),
    attend,
    lora,
  });
  return { graph, keys, values, ...nextToken(settings, hidden) };
}
