/** The first pass of a search in a large catalog: rows in codes of 8 bits, scored roughly. */
import { floats, Graph, ops, type RuntimeOptions, Session, type Value } from '../engine/index.js';
import type { Matrix } from '../matrix.js';
import { type CodedRows, encodeRows, ZERO_CODE } from './codes.js';
import type { SearchHits } from './vectorIndex.js';

/** Rows whose best score stands for them all at first: the k best rows lie in the k best groups. */
const GROUP = 32;

export class CodedBlock {
  private constructor(
    private readonly session: Session,
    /** First row of the catalog, and how many. */
    readonly firstRow: number,
    readonly rows: number,
    /** How far the codes can lie from the rows. */
    readonly bounds: Pick<CodedRows, 'error' | 'norm'>,
    private readonly dim: number,
  ) {}

  static async create(part: Matrix, firstRow: number, runtime: RuntimeOptions): Promise<CodedBlock> {
    const coded = encodeRows(part);
    const session = await compileScan(coded, part, runtime);
    return new CodedBlock(session, firstRow, part.rows, { error: coded.error, norm: coded.norm }, part.cols);
  }

  /**
   * The k best rows of each coded direction, by rough scores that its scale is still to be applied to.
   *
   * @param bias one number a row, added to its score
   */
  async search(codes: Float32Array, k: number, bias: Float32Array): Promise<SearchHits> {
    const directions = codes.length / this.dim;
    const groups = Math.ceil(this.rows / GROUP);
    const found = Math.min(k, this.rows);
    const padded = new Float32Array(groups * GROUP).fill(Number.NEGATIVE_INFINITY);
    padded.set(bias);
    const result = await this.session.run({
      codes: { data: codes, dims: [directions, this.dim] },
      bias: { data: padded, dims: [padded.length] },
      groups: { data: BigInt64Array.of(BigInt(Math.min(k, groups))), dims: [1] },
      k: { data: BigInt64Array.of(BigInt(found)), dims: [1] },
    });
    const best = result.best.data as Int32Array;
    const places = result.places.data as Int32Array;
    const perDirection = best.length / directions;
    const indices = places.map((place, i) => {
      const direction = Math.floor(i / found);
      return best[direction * perDirection + Math.floor(place / GROUP)] * GROUP + (place % GROUP);
    });
    return { indices, scores: floats(result.scores), k: found };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** codes [n, dim] -> the groups with the best rows, and in them the best rows. */
function compileScan(
  { codes, scales }: CodedRows,
  { rows, cols }: Matrix,
  runtime: RuntimeOptions,
): Promise<Session> {
  const graph = new Graph();
  const groups = Math.ceil(rows / GROUP);
  const size = groups * GROUP;
  const table = graph.constant(widened(codes, cols, size), [cols, size]);
  const tableScales = new Float32Array(size);
  tableScales.set(scales);
  const directions = graph.input('codes', ['n', cols]);
  const bias = graph.input('bias', [size]);
  const groupCount = graph.input('groups', [1], 'int64');
  const k = graph.input('k', [1], 'int64');
  const [scores] = graph.node(
    'MatMulIntegerToFloat',
    [
      ops.cast(directions, 'uint8'),
      table,
      graph.scalar(1),
      graph.constant(tableScales, [size]),
      graph.constant(Uint8Array.of(ZERO_CODE), []),
      undefined,
      bias,
    ],
    [{ shape: ['n', size] }],
    {},
    'com.microsoft',
  );
  const grouped = ops.reshape(scores, ['n', groups, GROUP]);
  const [highest] = graph.node('ReduceMax', [grouped, graph.int64s([2])], [{ shape: ['n', groups] }], {
    keepdims: 0,
  });
  const [, best] = topK(highest, groupCount, 'g');
  const [at] = graph.node('Unsqueeze', [best, graph.int64s([2])], [{ shape: ['n', 'g', 1], dtype: 'int64' }]);
  const [members] = graph.node('GatherND', [grouped, at], [{ shape: ['n', 'g', GROUP] }], { batch_dims: 1 });
  const [flat] = graph.node('Reshape', [members, graph.int64s([0, -1])], [{ shape: ['n', 'members'] }]);
  const [found, places] = topK(flat, k, 'k');
  const outputs = { scores: found, best: ops.cast(best, 'int32'), places: ops.cast(places, 'int32') };
  return Session.compile(graph, outputs, runtime);
}

const topK = (x: Value, k: Value, size: string): Value[] =>
  x.graph.node('TopK', [x, k], [{ shape: ['n', size] }, { shape: ['n', size], dtype: 'int64' }]);

/** [cols, rows] -> [cols, size], zeros behind each column. */
function widened(codes: Int8Array, cols: number, size: number): Int8Array {
  const rows = codes.length / cols;
  if (rows === size) return codes;
  const wide = new Int8Array(cols * size);
  for (let j = 0; j < cols; j++) wide.set(codes.subarray(j * rows, (j + 1) * rows), j * size);
  return wide;
}
