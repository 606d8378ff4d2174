import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { dot, gatherRows, type Matrix, row, rowRange, type VectorTable } from '../matrix.js';
import { BLOCK_VALUES, blocksOf } from './blocks.js';
import { CodedBlock, openScan } from './codedBlock.js';
import { type CodedRows, codeError, encodeDirections, encodeRows } from './codes.js';
import { FloatBlock } from './floatBlock.js';
import { mergeHits } from './mergeHits.js';
import type { SearchHits, SearchOptions, VectorIndex } from './vectorIndex.js';

export interface ExactIndexOptions extends RuntimeOptions {
  /** The catalog's unit vectors [size, dim], which stay as they are while the index is in use. */
  readonly vectors: VectorTable;
  /**
   * Values of a block of rows (2^25, which is 128 MB of floats). A block is held in memory twice more while it loads, and must
   * stay below the 2 GB of a serialised model. A catalog of more than one is searched roughly first.
   */
  readonly blockValues?: number;
  /** The codes of a catalog of more than one block, where they are known (they are made of the vectors). */
  readonly codes?: CodeSource;
  /** Whether the codes of a catalog of more than one block stay in memory (true), or are read by each search, block by block. */
  readonly holdsCodes?: boolean;
}

/** Codes that were made before. */
export interface CodeSource {
  /** Of rows `[start, end)`, which are a block; undefined where they were not. */
  read(start: number, end: number): Promise<CodedRows> | undefined;
  /** How far those can be wrong. */
  bounds(start: number, end: number): Pick<CodedRows, 'error' | 'norm'> | undefined;
}

/**
 * Rows looked at by codes at first, beside four times as many as are wanted. Around a topic many rows may be hits by their codes; that
 * few directions need a second pass, which reads the whole catalog again, is worth the few percent that more rows cost.
 */
const MARGIN = 192;
/** Scores of a run: 32 MB. Long runs waste less time where threads meet. */
const SCORES = 2 ** 23;

/**
 * Exact search: a matrix product of directions and catalog, and the k largest scores of each, in one ONNX graph.
 *
 * The catalog lies in constants of the graph: constants are laid out for the matrix product once, when the graph
 * loads, where a matrix fed at every call would be laid out at every call. Large catalogs are cut into blocks of rows,
 * a graph each, whose hits are merged; their blocks hold codes of 8 bits, by which the rows that may be hits are found, of which then the
 * scores are computed. How far codes can be wrong is known, so it is also known when a hit could be missing, and then more rows are
 * looked at. A direction's hits are the same to the last bit whatever it is searched together with, and wherever vectors and codes lie:
 * those that are not in memory are read block by block, once for all directions of a call.
 *
 * @example
 * const index = await ExactIndex.create({ vectors });
 * const { indices, scores } = await index.search(directions, { k: 10 });
 */
export class ExactIndex implements VectorIndex {
  private constructor(
    private readonly vectors: VectorTable,
    private readonly blocks: readonly FloatBlock[] | readonly CodedBlock[],
    /** The bias [size] of a search without a mask. */
    private readonly zeros: Float32Array,
  ) {}

  /** @throws {InputError} when the vectors have no columns */
  static async create({
    vectors,
    blockValues = BLOCK_VALUES,
    codes,
    holdsCodes = true,
    ...runtime
  }: ExactIndexOptions): Promise<ExactIndex> {
    const { rows: size, cols: dim } = vectors;
    if (dim === 0) throw new InputError('vectors of length 0 cannot be searched');
    const zeros = new Float32Array(size);
    const parts = blocksOf(size, dim, blockValues);
    if (parts.length <= 1) {
      const blocks = [];
      for (const [start, end] of parts)
        blocks.push(await FloatBlock.create(rowRange(vectors, start, end), start, runtime));
      return new ExactIndex(vectors, blocks, zeros);
    }
    const blocks: CodedBlock[] = [];
    // Blocks of equally many rows share one.
    const scans = new Map<number, ReturnType<typeof openScan>>();
    for (const [start, end] of parts) {
      const shape = { firstRow: start, rows: end - start, dim };
      const read = async () => (await codes?.read(start, end)) ?? encodeRows(rowRange(vectors, start, end));
      if (holdsCodes) {
        blocks.push(await CodedBlock.hold(shape, await read(), runtime));
      } else {
        const session = scans.get(shape.rows) ?? openScan(shape, runtime);
        scans.set(shape.rows, session);
        const bounds = codes?.bounds(start, end) ?? boundsOf(await read());
        blocks.push(CodedBlock.stream(shape, bounds, { session, read }));
      }
    }
    return new ExactIndex(vectors, blocks, zeros);
  }

  get size(): number {
    return this.vectors.rows;
  }

  get dim(): number {
    return this.vectors.cols;
  }

  /**
   * `directions` [n, dim] -> the k best rows of each; see {@link VectorIndex.search}.
   *
   * @throws {InputError} when the directions have another length, `k` is no positive whole number, or the mask does not
   * have one byte a row
   */
  async search(directions: Matrix, { k, mask }: SearchOptions): Promise<SearchHits> {
    this.#check(directions, k, mask);
    const bias = mask ? maskBias(mask) : this.zeros;
    if (isCoded(this.blocks)) return this.#searchByCodes(this.blocks, directions, k, bias);
    const hits = noHits(directions.rows, k);
    for (const block of this.blocks)
      for (const [start, end] of steps(directions.rows, block.rows)) {
        const found = await block.search(rowRange(directions, start, end), k, biasOf(block, bias));
        mergeHits(hits, start, found, block.firstRow);
      }
    return hits;
  }

  /** Frees the catalog's native memory. */
  async release(): Promise<void> {
    for (const block of this.blocks) await block.release();
  }

  /** Looks at the best rows by codes, of each direction at so many that no hit can be missing. */
  async #searchByCodes(
    blocks: readonly CodedBlock[],
    directions: Matrix,
    k: number,
    bias: Float32Array,
  ): Promise<SearchHits> {
    const hits = noHits(directions.rows, k);
    const bounds = {
      error: Math.max(...blocks.map((block) => block.bounds.error)),
      norm: Math.max(...blocks.map((block) => block.bounds.norm)),
    };
    let open = Array.from({ length: directions.rows }, (_, i) => i);
    // Mostly a block has its share of them, and some more.
    for (let perBlock = Math.ceil((4 * k + MARGIN) / blocks.length); open.length > 0; perBlock *= 4) {
      const some = gatherRows(directions, open);
      const { codes, scales, errors, norms } = encodeDirections(some);
      /** The best rough score of a row that is not looked at. */
      const unseen = new Float32Array(some.rows).fill(Number.NEGATIVE_INFINITY);
      const looked = perBlock * blocks.length;
      const rough = noHits(some.rows, looked);
      let opened = blocks[0].open();
      for (const [b, block] of blocks.entries()) {
        const search = await opened;
        // What lies on disk is read while the block before it is searched.
        if (b + 1 < blocks.length) opened = blocks[b + 1].open();
        opened.catch(() => {});
        for (const [start, end] of steps(some.rows, block.rows)) {
          const part = codes.subarray(start * this.dim, end * this.dim);
          const found = await search({ codes: part, k: perBlock, bias: biasOf(block, bias) });
          if (found.k < block.rows)
            for (let i = start; i < end; i++)
              unseen[i] = Math.max(unseen[i], found.scores[(i - start + 1) * found.k - 1]);
          mergeHits(rough, start, found, block.firstRow);
        }
      }
      open = open.filter((direction, i) => {
        const error = codeError(bounds, { error: errors[i], norm: norms[i] });
        /** The most that a row of such a rough score can have. */
        const mostOf = (score: number) => score * scales[i] + error;
        const [from, to] = [i * looked, (i + 1) * looked];
        const last = this.#score(hits, direction, row(some, i), {
          rows: rough.indices.subarray(from, to),
          scores: rough.scores.subarray(from, to),
          mostOf,
        });
        return unseen[i] !== Number.NEGATIVE_INFINITY && !(mostOf(unseen[i]) < last);
      });
    }
    return hits;
  }

  /** Writes the best of the given rows, which are in the order of rough scores, into the hits of a direction; returns the score of the last hit. */
  #score(
    { indices, scores, k }: SearchHits,
    direction: number,
    vector: Float32Array,
    rough: { readonly rows: Int32Array; readonly scores: Float32Array; mostOf(score: number): number },
  ): number {
    const exact = new Float32Array(rough.rows.length);
    let least = Number.POSITIVE_INFINITY;
    let count = 0;
    for (; count < exact.length && rough.rows[count] >= 0; count++) {
      // k rows are at least so good, and none from here on is.
      if (count >= k && rough.mostOf(rough.scores[count]) < least) break;
      exact[count] = dot(vector, row(this.vectors, rough.rows[count]));
      if (count < k) least = Math.min(least, exact[count]);
    }
    const best = bestFirst(rough.rows.subarray(0, count), exact.subarray(0, count), k);
    best.forEach((place, r) => {
      indices[direction * k + r] = rough.rows[place];
      scores[direction * k + r] = exact[place];
    });
    return scores[(direction + 1) * k - 1];
  }

  #check(directions: Matrix, k: number, mask: Uint8Array | undefined): void {
    if (directions.cols !== this.dim) {
      throw new InputError(
        `the index holds vectors of length ${this.dim}, got directions of ${directions.cols}`,
      );
    }
    if (!Number.isInteger(k) || k < 1) {
      throw new InputError(`must be a positive whole number, got ${k}`, { field: 'k' });
    }
    if (mask && mask.length !== this.size) {
      throw new InputError(`needs a byte for each of ${this.size} rows, got ${mask.length}`, {
        field: 'mask',
      });
    }
  }
}

const isCoded = (blocks: readonly FloatBlock[] | readonly CodedBlock[]): blocks is readonly CodedBlock[] =>
  blocks[0] instanceof CodedBlock;

const biasOf = ({ firstRow, rows }: FloatBlock | CodedBlock, bias: Float32Array): Float32Array =>
  bias.subarray(firstRow, firstRow + rows);

const noHits = (directions: number, k: number): SearchHits => ({
  indices: new Int32Array(directions * k).fill(-1),
  scores: new Float32Array(directions * k).fill(Number.NEGATIVE_INFINITY),
  k,
});

/** Places of the k best scores, best first; of equal ones that of the smaller row. */
function bestFirst(rows: Int32Array, scores: Float32Array, k: number): Int32Array {
  // Sorted natively, without a function that compares.
  const threshold = scores.toSorted()[Math.max(0, scores.length - k)];
  const places = Int32Array.from(scores.keys()).filter((place) => scores[place] >= threshold);
  return places.sort((a, b) => scores[b] - scores[a] || rows[a] - rows[b]).subarray(0, k);
}

/** As many directions at once as is good, as [start, end). */
function steps(directions: number, rows: number): [number, number][] {
  const step = Math.max(1, Math.floor(SCORES / rows));
  return Array.from({ length: Math.ceil(directions / step) }, (_, i) => [
    i * step,
    Math.min((i + 1) * step, directions),
  ]);
}

const boundsOf = ({ error, norm }: CodedRows): Pick<CodedRows, 'error' | 'norm'> => ({ error, norm });

/** -Infinity for every row the mask leaves out. */
function maskBias(mask: Uint8Array): Float32Array {
  const bias = new Float32Array(mask.length);
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0) bias[i] = Number.NEGATIVE_INFINITY;
  return bias;
}
