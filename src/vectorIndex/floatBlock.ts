/** Rows as they are, scored exactly: what a catalog of one block, or many directions at once, are searched by. */
import { floats, Graph, ops, type RuntimeOptions, Session } from '../engine/index.js';
import type { Matrix } from '../matrix.js';
import type { SearchHits } from './vectorIndex.js';

export class FloatBlock {
  private constructor(
    private readonly session: Session,
    /** First row of the catalog, and how many. */
    readonly firstRow: number,
    readonly rows: number,
  ) {}

  static async create(part: Matrix, firstRow: number, runtime: RuntimeOptions): Promise<FloatBlock> {
    return new FloatBlock(await compileSearch(part, runtime), firstRow, part.rows);
  }

  /**
   * Hits within the block, its rows counted from 0; at most as many as it has rows.
   *
   * @param bias one number a row, added to its score
   */
  async search(directions: Matrix, k: number, bias: Float32Array): Promise<SearchHits> {
    const found = Math.min(k, this.rows);
    const { scores, indices } = await this.session.run({
      directions: { data: directions.data, dims: [directions.rows, directions.cols] },
      k: { data: BigInt64Array.of(BigInt(found)), dims: [1] },
      bias: { data: bias, dims: [this.rows] },
    });
    return { scores: floats(scores), indices: indices.data as Int32Array, k: found };
  }

  release(): Promise<void> {
    return this.session.release();
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
