/** Lays token sequences out as what `sequenceGraph` reads. */
import type { Feeds, Tensor } from '../../engine/index.js';
import { hasLocalLayers, NEVER } from './graphs.js';
import { ropeFrequencies, ropeTables } from './rope.js';
import type { LanguageModelSettings } from './settings.js';

/**
 * Sequences that begin alike: each branch goes on from its stem, and sees the stem and itself. Instructions are so read once for all
 * queries, and a query once for all its completions.
 */
export interface Tree {
  readonly tokens: ArrayLike<number>;
  readonly branches?: readonly Tree[];
}

/** A tree depth first, as one sequence. */
export interface Layout {
  readonly length: number;
  readonly tokens: Int32Array;
  /** Where each token stands in its own sequence. */
  readonly places: Int32Array;
  /** Depth first, where each piece of the tree lies. */
  readonly pieces: readonly Piece[];
}

export interface Piece {
  /** [start, end) in the layout. */
  readonly start: number;
  readonly end: number;
  /** Number of its stem among the pieces; the root's is -1. */
  readonly stem: number;
}

export const treeLength = ({ tokens, branches = [] }: Tree): number =>
  branches.reduce((n, branch) => n + treeLength(branch), tokens.length);

export function layOut(tree: Tree): Layout {
  const length = treeLength(tree);
  const tokens = new Int32Array(length);
  const places = new Int32Array(length);
  const pieces: Piece[] = [];
  let at = 0;
  const visit = (node: Tree, stem: number, place: number) => {
    const { tokens: own, branches = [] } = node;
    const start = at;
    for (let t = 0; t < own.length; t++) {
      tokens[at] = own[t];
      places[at++] = place + t;
    }
    const number = pieces.push({ start, end: at, stem }) - 1;
    for (const branch of branches) visit(branch, number, place + own.length);
  };
  visit(tree, -1, 0);
  return { length, tokens, places, pieces };
}

/** The inputs `tokens`, `mask`, `cos`, `sin`, and those of local layers. */
export function sequenceFeeds(settings: LanguageModelSettings, layout: Layout): Feeds {
  const { length, tokens, places } = layout;
  const feeds: Record<string, Tensor> = {
    tokens: { data: tokens, dims: [1, length] },
    mask: maskOf(layout),
    ...ropeTables(ropeFrequencies(settings), places, [1, length, 1]),
  };
  if (!hasLocalLayers(settings)) return feeds;
  const { cos, sin } = ropeTables(ropeFrequencies(settings, true), places, [1, length, 1]);
  return {
    ...feeds,
    'local.cos': cos,
    'local.sin': sin,
    'local.mask': maskOf(layout, settings.slidingWindow),
  };
}

/** A token sees itself and what is before it in its own piece, its stem, and so on down, within the window. */
function maskOf({ length, places, pieces }: Layout, window = Number.POSITIVE_INFINITY): Tensor {
  const mask = new Float32Array(length * length).fill(NEVER);
  for (const { start, end, stem } of pieces) {
    for (let i = start; i < end; i++) {
      const see = (from: number, to: number) => {
        for (let j = from; j < to; j++) if (places[i] - places[j] < window) mask[i * length + j] = 0;
      };
      see(start, i + 1);
      for (let s = stem; s >= 0; s = pieces[s].stem) see(pieces[s].start, pieces[s].end);
    }
  }
  return { data: mask, dims: [1, 1, 1, length, length] };
}

/** Where the token before a piece's first one lies: the last of its stem, or of what that goes on from. */
export function tokenBefore({ pieces }: Layout, { stem }: Piece): number {
  for (let s = stem; s >= 0; s = pieces[s].stem)
    if (pieces[s].end > pieces[s].start) return pieces[s].end - 1;
  throw new RangeError('nothing stands before the first token of a tree');
}

/** Tokens that all prompts begin with; each keeps one of its own, from which the next is foretold. */
export function commonStart([first, ...others]: readonly Int32Array[]): number {
  let shared = first.length - 1;
  for (const other of others) {
    shared = Math.min(shared, other.length - 1);
    for (let t = 0; t < shared; t++) if (other[t] !== first[t]) shared = t;
  }
  return shared;
}
