/**
 * Anchors: an output head for data that lies on or near known vectors, as synthesised sets lie on a catalog.
 *
 * EDM preconditioning is exact for data N(0, sd^2): the network only corrects that guess, and would have to learn by
 * heart where the catalog's vectors are: after 1,800 steps its rows were still 0.7 from the nearest item. Anchored preconditioning does the same for
 * the mixture sum_i w_i N(a_i, s^2) of anchors a_i with spread s; plain EDM is the case of one anchor at the origin. The
 * posterior of anchor i given a row x = clean + sigma * noise is known up to its prior w, and only that is left to the
 * network, which sees the query and the other rows:
 *
 *   p_i ~ exp(a_i . (x / (sigma^2 + s^2) + h)),    D = skip * x + (1 - skip) * sum_i p_i a_i + out * r
 *
 * where skip and out are EDM's factors with s for sd, and the network gives h and r. With clean = skip * x +
 * (1 - skip) * a_label + out * target, D is the Bayes denoiser if p is the posterior of the label (learned by cross
 * entropy, as in Dieleman et al. 2022, "Continuous diffusion for categorical data") and r the mean of the target
 * (learned by squared error), because expectation is linear. Where every vector is an anchor, s = 0 and r drops out.
 */
import { floats, Graph, ops, Session, type Value } from '../engine/index.js';
import { gatherRows, type Matrix, matrix, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { besideQuery } from './besideQuery.js';

const { matmul } = ops;

/** The anchors of a data set. */
export interface Anchors {
  /** [n, d], unit rows. */
  readonly vectors: Matrix;
  /** Nearest anchor of each row of the table, [table.rows]; -1 for rows that no set uses. */
  readonly labels: Int32Array;
  /** Root-mean-square distance of the used rows to their anchors, per coordinate; 0 when each is its own anchor. */
  readonly spread: number;
}

/** Chunk of rows compared with the anchors at a time. */
const ROWS_PER_RUN = 4096;

/**
 * Chooses at most `max` anchors among the rows of `table` [n, d] that `used` numbers: all of them where they are few
 * enough, else a random sample.
 */
export async function chooseAnchors(
  table: Matrix,
  used: Int32Array,
  { max, seed }: { readonly max: number; readonly seed: number },
): Promise<Anchors> {
  const distinct = Int32Array.from(new Set(used)).sort();
  const labels = new Int32Array(table.rows).fill(-1);
  if (distinct.length <= max) {
    for (const [label, i] of distinct.entries()) labels[i] = label;
    return { vectors: gatherRows(table, distinct), labels, spread: 0 };
  }
  const random = new CounterRandom(seed, 'diffusion/anchors');
  const vectors = gatherRows(table, random.shuffle(distinct.slice()).subarray(0, max).sort());
  const { nearest, meanSquare } = await assign(gatherRows(table, distinct), vectors);
  for (const [n, i] of distinct.entries()) labels[i] = nearest[n];
  return { vectors, labels, spread: Math.sqrt(meanSquare / table.cols) };
}

/** The nearest anchor of each unit row, and the mean squared distance to it. */
async function assign(rows: Matrix, anchors: Matrix): Promise<{ nearest: Int32Array; meanSquare: number }> {
  const graph = new Graph();
  const x = graph.input('x', ['n', rows.cols]);
  const cosines = matmul(x, graph.constant(anchors.data, [anchors.rows, anchors.cols]), { transB: true });
  const session = await Session.compile(graph, { cosines });
  const nearest = new Int32Array(rows.rows);
  let sum = 0;
  for (let start = 0; start < rows.rows; start += ROWS_PER_RUN) {
    const n = Math.min(ROWS_PER_RUN, rows.rows - start);
    const data = rows.data.subarray(start * rows.cols, (start + n) * rows.cols);
    const result = floats((await session.run({ x: { data, dims: [n, rows.cols] } })).cosines);
    const table = matrix(n, anchors.rows, result);
    for (let i = 0; i < n; i++) {
      const cosine = row(table, i);
      let best = 0;
      for (let j = 1; j < cosine.length; j++) if (cosine[j] > cosine[best]) best = j;
      nearest[start + i] = best;
      sum += Math.max(0, 2 - 2 * cosine[best]);
    }
  }
  await session.release();
  return { nearest, meanSquare: sum / rows.rows };
}

/**
 * Lowers a row's logits for anchors that other rows of the set claim: given independent posteriors p_j, the others leave
 * anchor a free with probability prod_(j != i) (1 - p_j(a)). The learned `strength` is near 1 for sets without
 * repetition and falls where they repeat themselves. Cross entropy alone teaches this slowly: a collision is rare.
 */
export function excludeTaken(logits: Value, strength: Value): Value {
  // The margin bounds what one sure row can do to another: a factor of 1e-4.
  const free = ops.log(ops.sub(1.0001, ops.softmax(logits)));
  const others = ops.sub(ops.sum(free, [1], true), free);
  return ops.add(logits, ops.mul(others, strength));
}

/**
 * Lowers a row's logits for anchors like those that the other rows expect: -`strength` * a . sum_(j != i) E_j, where E_j is row j's mean
 * anchor. One step of the mean field of a set whose members repel each other, as in a determinantal point process.
 */
export function repel(logits: Value, anchors: Value, strength: Value): Value {
  const expected = besideAnchors(ops.softmax(logits), anchors, (p) => matmul(p, anchors));
  const others = ops.sub(ops.sum(expected, [1], true), expected);
  const likeness = besideAnchors(others, anchors, (rows) => matmul(rows, anchors, { transB: true }));
  return ops.sub(logits, ops.mul(likeness, strength));
}

/** `compute` of rows [batch, rows, n] and the anchors, of all queries [anchors, dimension] or of each [queries, anchors, dimension]. */
export const besideAnchors = (rows: Value, anchors: Value, compute: (rows: Value) => Value): Value =>
  anchors.rank === 2 ? compute(rows) : besideQuery(rows, anchors, compute);

/** The `size` anchors nearest to each query's embedding [batch, dimension]: [batch, size, dimension]. */
export function nearestAnchors(query: Value, anchors: Value, size: number): Value {
  return bestAnchors(matmul(query, anchors, { transB: true }), anchors, size);
}

/**
 * The `size` anchors that any row of a set holds likeliest, [batch, size, dimension]: what the later steps of a sampler
 * need to look at. `posterior` is [batch, rows, anchors].
 */
export function shortlist(posterior: Value, anchors: Value, size: number): Value {
  const { graph, shape } = posterior;
  const [batch, , count] = shape;
  const [likeliest] = graph.node('ReduceMax', [posterior, graph.int64s([1])], [{ shape: [batch, count] }], {
    keepdims: 0,
  });
  return bestAnchors(likeliest, anchors, size);
}

/** The anchors with the `size` highest scores [batch, anchors]. */
function bestAnchors(scores: Value, anchors: Value, size: number): Value {
  const { graph, shape } = scores;
  const top = { shape: [shape[0], size] };
  const [, chosen] = graph.node('TopK', [scores, graph.int64s([size])], [top, { ...top, dtype: 'int64' }]);
  return graph.node('Gather', [anchors, chosen], [{ shape: [shape[0], size, anchors.shape[1]] }])[0];
}
