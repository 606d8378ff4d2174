/** The first pass of a search in a large catalog: rows in codes of 8 bits, scored roughly. */
import { type Feeds, floats, Graph, ops, type RuntimeOptions, Session, type Value } from '../engine/index.js';
import { type CodedRows, ZERO_CODE } from './codes.js';
import type { SearchHits } from './vectorIndex.js';

/** Rows whose best score stands for them all at first: the k best rows lie in the k best groups. */
export const GROUP = 32;

/** Where the codes of a block lie: in its session, or on disk, from where each search reads them anew. */
export type BlockCodes =
  | { readonly session: Session }
  | { readonly session: Promise<Session>; read(): Promise<CodedRows> };

export interface BlockSearch {
  /** Directions, coded, [n, dim]. */
  readonly codes: Float32Array;
  readonly k: number;
  /** One number a row, added to its score. */
  readonly bias: Float32Array;
}

export interface CodedBlockShape {
  /** First row of the catalog, and how many. */
  readonly firstRow: number;
  readonly rows: number;
  readonly dim: number;
}

export class CodedBlock {
  readonly firstRow: number;
  readonly rows: number;
  readonly #dim: number;

  private constructor(
    { firstRow, rows, dim }: CodedBlockShape,
    /** How far the codes can lie from the rows. */
    readonly bounds: Pick<CodedRows, 'error' | 'norm'>,
    private readonly scan: BlockCodes,
  ) {
    this.firstRow = firstRow;
    this.rows = rows;
    this.#dim = dim;
  }

  /** Keeps the codes in memory. */
  static async hold(shape: CodedBlockShape, coded: CodedRows, runtime: RuntimeOptions): Promise<CodedBlock> {
    const session = await compileScan(shape, coded, runtime);
    return new CodedBlock(shape, { error: coded.error, norm: coded.norm }, { session });
  }

  /**
   * Reads the codes at each search.
   *
   * @param session of `openScan`, for as many rows
   */
  static stream(
    shape: CodedBlockShape,
    bounds: CodedBlock['bounds'],
    scan: { readonly session: Promise<Session>; read(): Promise<CodedRows> },
  ): CodedBlock {
    return new CodedBlock(shape, bounds, scan);
  }

  /**
   * Gets the codes ready; what comes back finds the k best rows of each direction, by rough scores that its scale is still to be
   * applied to.
   */
  async open(): Promise<(search: BlockSearch) => Promise<SearchHits>> {
    if (!('read' in this.scan)) {
      const { session } = this.scan;
      return (search) => this.#search(session, search);
    }
    const [session, { codes, scales }] = await Promise.all([this.scan.session, this.scan.read()]);
    const size = padded(this.rows);
    const feeds = {
      table: { data: widened(codes, this.#dim, size), dims: [this.#dim, size] },
      scales: { data: longer(scales, size, 0), dims: [size] },
    };
    return (search) => this.#search(session, search, feeds);
  }

  async #search(session: Session, { codes, k, bias }: BlockSearch, table: Feeds = {}): Promise<SearchHits> {
    const directions = codes.length / this.#dim;
    const size = padded(this.rows);
    const found = Math.min(k, this.rows);
    const result = await session.run({
      ...table,
      codes: { data: codes, dims: [directions, this.#dim] },
      bias: { data: longer(bias, size, Number.NEGATIVE_INFINITY), dims: [size] },
      groups: { data: BigInt64Array.of(BigInt(Math.min(k, size / GROUP))), dims: [1] },
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

  /** Frees what is held. */
  async release(): Promise<void> {
    await (await this.scan.session).release();
  }
}

/** A session that is given the codes of so many rows at each call. */
export const openScan = (
  shape: Omit<CodedBlockShape, 'firstRow'>,
  runtime: RuntimeOptions,
): Promise<Session> => compileScan(shape, undefined, runtime);

/** codes [n, dim] -> the groups with the best rows, and in them the best rows. */
function compileScan(
  { rows, dim }: Omit<CodedBlockShape, 'firstRow'>,
  coded: CodedRows | undefined,
  runtime: RuntimeOptions,
): Promise<Session> {
  const graph = new Graph();
  const size = padded(rows);
  const table = coded
    ? graph.constant(widened(coded.codes, dim, size), [dim, size])
    : graph.input('table', [dim, size], 'int8');
  const scales = coded
    ? graph.constant(longer(coded.scales, size, 0), [size])
    : graph.input('scales', [size]);
  const directions = graph.input('codes', ['n', dim]);
  const bias = graph.input('bias', [size]);
  const groupCount = graph.input('groups', [1], 'int64');
  const k = graph.input('k', [1], 'int64');
  const [scores] = graph.node(
    'MatMulIntegerToFloat',
    [
      ops.cast(directions, 'uint8'),
      table,
      graph.scalar(1),
      scales,
      graph.constant(Uint8Array.of(ZERO_CODE), []),
      undefined,
      bias,
    ],
    [{ shape: ['n', size] }],
    {},
    'com.microsoft',
  );
  const grouped = ops.reshape(scores, ['n', size / GROUP, GROUP]);
  const [highest] = graph.node('ReduceMax', [grouped, graph.int64s([2])], [{ shape: ['n', size / GROUP] }], {
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

/** Rows in whole groups. */
const padded = (rows: number): number => Math.ceil(rows / GROUP) * GROUP;

/** [cols, rows] -> [cols, size], zeros behind each column. */
function widened(codes: Int8Array, cols: number, size: number): Int8Array {
  const rows = codes.length / cols;
  if (rows === size) return codes;
  const wide = new Int8Array(cols * size);
  for (let j = 0; j < cols; j++) wide.set(codes.subarray(j * rows, (j + 1) * rows), j * size);
  return wide;
}

function longer(values: Float32Array, size: number, rest: number): Float32Array {
  if (values.length === size) return values;
  const out = new Float32Array(size).fill(rest, values.length);
  out.set(values);
  return out;
}
