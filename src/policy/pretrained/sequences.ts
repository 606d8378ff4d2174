/** Lays token sequences out as what `sequenceGraph` reads. */
import type { Feeds, Tensor } from '../../engine/index.js';
import { hasLocalLayers, NEVER } from './graphs.js';
import { ropeFrequencies, ropeTables } from './rope.js';
import type { LanguageModelSettings } from './settings.js';

/** A prompt and what may follow it: each continuation sees the prompt and itself, so that the prompt is read once for all. */
export interface Tree {
  readonly prompt: ArrayLike<number>;
  readonly continuations?: readonly ArrayLike<number>[];
}

/** Tokens row by row, padded at the end. */
interface Layout {
  readonly rows: number;
  readonly length: number;
  readonly tokens: Int32Array;
  /** Where each token stands in its own sequence. */
  readonly places: Int32Array;
  /** 0 in the prompt, from 1 in the continuations, -1 beyond the end. */
  readonly parts: Int32Array;
}

export const treeLength = ({ prompt, continuations = [] }: Tree): number =>
  continuations.reduce((n, c) => n + c.length, prompt.length);

function layOut(trees: readonly Tree[]): Layout {
  const [rows, length] = [trees.length, Math.max(...trees.map(treeLength))];
  const tokens = new Int32Array(rows * length);
  const places = new Int32Array(rows * length);
  const parts = new Int32Array(rows * length).fill(-1);
  trees.forEach(({ prompt, continuations = [] }, r) => {
    let at = r * length;
    [prompt, ...continuations].forEach((part, p) => {
      tokens.set(Array.from(part), at);
      for (let t = 0; t < part.length; t++) places[at + t] = (p === 0 ? 0 : prompt.length) + t;
      parts.fill(p, at, at + part.length);
      at += part.length;
    });
  });
  return { rows, length, tokens, places, parts };
}

/** `tokens`, `mask`, `cos`, `sin`, and those of local layers, of one tree a row. */
export function sequenceFeeds(settings: LanguageModelSettings, trees: readonly Tree[]): Feeds {
  const layout = layOut(trees);
  const { rows, length, tokens, places } = layout;
  const feeds: Record<string, Tensor> = {
    tokens: { data: tokens, dims: [rows, length] },
    mask: maskOf(layout),
    ...ropeTables(ropeFrequencies(settings), places, [rows, length, 1]),
  };
  if (!hasLocalLayers(settings)) return feeds;
  const { cos, sin } = ropeTables(ropeFrequencies(settings, true), places, [rows, length, 1]);
  return {
    ...feeds,
    'local.cos': cos,
    'local.sin': sin,
    'local.mask': maskOf(layout, settings.slidingWindow),
  };
}

function maskOf({ rows, length, places, parts }: Layout, window = Number.POSITIVE_INFINITY): Tensor {
  const mask = new Float32Array(rows * length * length).fill(NEVER);
  for (let r = 0; r < rows; r++) {
    for (let i = r * length; i < (r + 1) * length; i++) {
      for (let j = r * length; j <= i; j++) {
        const related = parts[j] === parts[i] || parts[j] === 0;
        if (related && places[i] - places[j] < window) mask[i * length + j - r * length] = 0;
      }
    }
  }
  return { data: mask, dims: [rows, 1, 1, length, length] };
}

/** Which hidden states say which tokens. */
export interface Said {
  /** Positions counted through all rows: those of the tokens before. */
  readonly positions: Int32Array;
  readonly targets: Int32Array;
}

/** Every token of the trees' continuations, one tree's after another's. */
export function saidTokens(trees: readonly Tree[]): Said {
  const length = Math.max(...trees.map(treeLength));
  const positions: number[] = [];
  const targets: number[] = [];
  trees.forEach(({ prompt, continuations = [] }, r) => {
    const last = r * length + prompt.length - 1;
    let at = last + 1;
    for (const continuation of continuations) {
      for (let t = 0; t < continuation.length; t++) {
        positions.push(t === 0 ? last : at + t - 1);
        targets.push(continuation[t]);
      }
      at += continuation.length;
    }
  });
  return { positions: Int32Array.from(positions), targets: Int32Array.from(targets) };
}
