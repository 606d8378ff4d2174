import { floats, Graph, ops, type RuntimeOptions, Session } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type Matrix, rowRange } from '../matrix.js';
import { mergeHits } from './mergeHits.js';
import type { SearchHits, SearchOptions, VectorIndex } from './vectorIndex.js';

export interface ExactIndexOptions extends RuntimeOptions {
  /** The catalog's unit vectors [size, dim]. Not needed any more once the index is made. */
  readonly vectors: Matrix;
  /**
   * Values of a block of rows (2^25, which is 128 MB). A block is held in memory twice more while it loads, and must
   * stay below the 2 GB of a serialised model.
   */
  readonly blockValues?: number;
}

/** Scores of a run: 32 MB. Long runs waste less time where threads meet. */
const SCORES = 2 ** 23;

interface Block {
  readonly session: Session;
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * Exact search: a matrix product of directions and catalog, and the k largest scores of each, in one ONNX graph.
 *
 * The catalog lies in constants of the graph: constants are laid out for the matrix product once, when the graph
 * loads, where a matrix fed at every call would be laid out at every call. Large catalogs are cut into blocks of rows,
 * a graph each, whose hits are merged. A direction's hits are the same to the last bit whatever it is searched together
 * with.
 *
 * @example
 * const index = await ExactIndex.create({ vectors });
 * const { indices, scores } = await index.search(directions, { k: 10 });
 */
export class ExactIndex implements VectorIndex {
  private constructor(
    private readonly blocks: readonly Block[],
    /** The bias [size] of a search without a mask. */
    private readonly zeros: Float32Array,
    readonly size: number,
    readonly dim: number,
  ) {}

  /** @throws {InputError} when the vectors have no columns */
  static async create({
    vectors,
    blockValues = 2 ** 25,
    ...runtime
  }: ExactIndexOptions): Promise<ExactIndex> {
    const { rows: size, cols: dim } = vectors;
    if (dim === 0) throw new InputError('vectors of length 0 cannot be searched');
    const blocks: Block[] = [];
    // All blocks are about equally large.
    const step = Math.max(1, Math.ceil(size / Math.ceil((size * dim) / blockValues)));
    for (let firstRow = 0; firstRow < size; firstRow += step) {
      const part = rowRange(vectors, firstRow, Math.min(firstRow + step, size));
      blocks.push({ session: await compileSearch(part, runtime), firstRow, rows: part.rows });
    }
    return new ExactIndex(blocks, new Float32Array(size), size, dim);
  }

  /**
   * `directions` [n, dim] -> the k best rows of each; see {@link VectorIndex.search}.
   *
   * @throws {InputError} when the directions have another length, `k` is no positive whole number, or the mask does not
   * have one byte a row
   */
  async search(directions: Matrix, { k, mask }: SearchOptions): Promise<SearchHits> {
    this.#check(directions, k, mask);
    const hits: SearchHits = {
      indices: new Int32Array(directions.rows * k).fill(-1),
      scores: new Float32Array(directions.rows * k).fill(Number.NEGATIVE_INFINITY),
      k,
    };
    const bias = mask ? maskBias(mask) : this.zeros;
    for (const block of this.blocks) {
      const step = Math.max(1, Math.floor(SCORES / block.rows));
      for (let start = 0; start < directions.rows; start += step) {
        const part = rowRange(directions, start, Math.min(start + step, directions.rows));
        mergeHits(hits, start, await searchBlock(block, part, k, bias), block.firstRow);
      }
    }
    return hits;
  }

  /** Frees the catalog's native memory. */
  async release(): Promise<void> {
    for (const { session } of this.blocks) await session.release();
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

function compileSearch({ data, rows, cols }: Matrix, runtime: RuntimeOptions): Promise<Session> {
  const graph = new Graph();
  const catalog = graph.constant(data, [rows, cols]);
  const directions = graph.input('directions', ['n', cols]);
  const k = graph.input('k', [1], 'int64');
  // The mask is the bias of the product (0 or -Infinity), which costs no extra pass over the scores.
  const bias = graph.input('bias', [rows]);
  const [scores] = graph.node('Gemm', [directions, catalog, bias], [{ shape: ['n', rows] }], { transB: 1 });
  // Of equal scores TopK prefers the smaller index.
  const [best, indices] = graph.node(
    'TopK',
    [scores, k],
    [{ shape: ['n', 'k'] }, { shape: ['n', 'k'], dtype: 'int64' }],
  );
  return Session.compile(graph, { scores: best, indices: ops.cast(indices, 'int32') }, runtime);
}

/** -Infinity for every row the mask leaves out. */
function maskBias(mask: Uint8Array): Float32Array {
  const bias = new Float32Array(mask.length);
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0) bias[i] = Number.NEGATIVE_INFINITY;
  return bias;
}

/** Hits within one block, its rows counted from 0; at most as many as the block has rows. */
async function searchBlock(
  block: Block,
  directions: Matrix,
  k: number,
  bias: Float32Array,
): Promise<SearchHits> {
  const { session, firstRow, rows } = block;
  const blockK = Math.min(k, rows);
  const { scores, indices } = await session.run({
    directions: { data: directions.data, dims: [directions.rows, directions.cols] },
    k: { data: BigInt64Array.of(BigInt(blockK)), dims: [1] },
    bias: { data: bias.subarray(firstRow, firstRow + rows), dims: [rows] },
  });
  return { scores: floats(scores), indices: indices.data as Int32Array, k: blockK };
}
