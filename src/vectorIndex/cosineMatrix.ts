import { floats, Graph, ops, type RuntimeOptions, Session } from '../engine/index.js';
import { type Matrix, matrix } from '../matrix.js';

/**
 * All cosines between unit rows, by the runtime: diversifying a whole budget of hits needs half a million of them a query, which
 * take ten times as long one by one.
 */
export class CosineMatrix {
  private constructor(private readonly session: Session) {}

  static async create(runtime: RuntimeOptions = {}): Promise<CosineMatrix> {
    const graph = new Graph();
    const rows = graph.input('rows', ['n', 'd']);
    return new CosineMatrix(
      await Session.compile(graph, { cosines: ops.matmul(rows, rows, { transB: true }) }, runtime),
    );
  }

  /** `rows` [n, d] -> [n, n] */
  async of({ data, rows, cols }: Matrix): Promise<Matrix> {
    const { cosines } = await this.session.run({ rows: { data, dims: [rows, cols] } });
    return matrix(rows, rows, floats(cosines));
  }

  /** Frees the native memory. */
  release(): Promise<void> {
    return this.session.release();
  }
}
