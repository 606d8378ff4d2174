/** The log-probabilities of given completions, as a graph that can be trained. */
import { ops, type Tensor, type Value } from '../../engine/index.js';
import type { CompletionFeeds } from '../policy.js';
import { logits } from './blocks.js';
import { type LanguageModelConfig, pickPositions, sequenceGraph } from './graphs.js';
import { commonStart, type Layout, layOut, sequenceFeeds, tokenBefore } from './sequences.js';
import type { LanguageModelSettings } from './settings.js';

const { add, gather, gatherLast, logSoftmax, reshape } = ops;

/**
 * Reads what `sequenceGraph` does; `positions` and `targets` int32 [picked, 1], which hidden states say which tokens: only there are
 * logits computed; `bias` [vocabularySize], what must not be said; and `order` int32 and `weights` [completions, tokens], which of the
 * picked is a completion's token, and 1 where there is one.
 */
export function completionGraph(config: LanguageModelConfig): {
  readonly logProbs: Value;
  readonly weights: Value;
} {
  const { graph, hidden } = sequenceGraph(config);
  const bias = graph.input('bias', [config.settings.vocabularySize]);
  const all = logSoftmax(add(logits(config.settings, pickPositions(hidden)), bias));
  const picked = reshape(gatherLast(all, graph.input('targets', ['picked', 1], 'int32')), ['picked']);
  const order = graph.input('order', ['completions', 'tokens'], 'int32');
  return { logProbs: gather(picked, order), weights: graph.input('weights', ['completions', 'tokens']) };
}

/** Equally many completions of each prompt, one prompt's after another's, as that graph's inputs. */
export function completionFeeds(
  settings: LanguageModelSettings,
  prompts: readonly Int32Array[],
  completions: readonly Int32Array[],
  bias: Float32Array,
): CompletionFeeds {
  const samples = completions.length / prompts.length;
  const shared = commonStart(prompts);
  const layout = layOut({
    tokens: prompts[0].subarray(0, shared),
    branches: prompts.map((prompt, p) => ({
      tokens: prompt.subarray(shared),
      branches: completions.slice(p * samples, (p + 1) * samples).map((tokens) => ({ tokens })),
    })),
  });
  const longest = Math.max(1, ...completions.map(({ length }) => length));
  const dims = [completions.length, longest] as const;
  const order = new Int32Array(completions.length * longest);
  const weights = new Float32Array(order.length);
  const { positions, targets } = said(layout, samples, (completion, token, picked) => {
    order[completion * longest + token] = picked;
    weights[completion * longest + token] = 1;
  });
  const ints = (data: Int32Array, shape: readonly number[]): Tensor => ({ data, dims: shape });
  return {
    feeds: {
      ...sequenceFeeds(settings, layout),
      positions: ints(positions, [positions.length]),
      targets: ints(targets, [targets.length, 1]),
      order: ints(order, dims),
      weights: { data: weights, dims },
      bias: { data: bias, dims: [bias.length] },
    },
    dims,
  };
}

/** Which positions say which tokens of the completions, the tree's leaves. */
function said(
  layout: Layout,
  samples: number,
  note: (completion: number, token: number, picked: number) => void,
): { positions: Int32Array; targets: Int32Array } {
  const positions: number[] = [];
  const targets: number[] = [];
  // Depth first: the root, then each prompt's own part and its completions.
  layout.pieces.slice(1).forEach((piece, i) => {
    const [prompt, place] = [Math.floor(i / (samples + 1)), i % (samples + 1)];
    if (place === 0) return;
    for (let t = piece.start; t < piece.end; t++) {
      note(prompt * samples + place - 1, t - piece.start, positions.length);
      positions.push(t === piece.start ? tokenBefore(layout, piece) : t - 1);
      targets.push(layout.tokens[t]);
    }
  });
  return { positions: Int32Array.from(positions), targets: Int32Array.from(targets) };
}
