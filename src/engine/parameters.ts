import { CounterRandom } from '../random.js';
import type { Graph, Initializer } from './graph.js';
import type { Tensor } from './session.js';

/** Named float32 tensors: a model's weights, or an optimizer's moments. */
export type Parameters = Map<string, { readonly data: Float32Array; readonly dims: readonly number[] }>;

export const zeros: Initializer = (out) => out.fill(0);
export const ones: Initializer = (out) => out.fill(1);
export const normal =
  (deviation: number): Initializer =>
  (out, _, random) =>
    random.fillNormal(out, deviation);
/** N(0, 1 / fan-in) for a matrix [fan-in, fan-out] (LeCun et al. 1998). */
export const lecunNormal: Initializer = (out, shape, random) =>
  random.fillNormal(out, 1 / Math.sqrt(shape[0]));

/** Fresh values for every parameter of the graph; each draws from its own stream, named by the parameter. */
export function initialize(graph: Graph, seed: number): Parameters {
  const parameters: Parameters = new Map();
  for (const [name, { shape, init }] of graph.parameters) {
    const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
    init(data, shape, new CounterRandom(seed, 'parameter', name));
    parameters.set(name, { data, dims: shape });
  }
  return parameters;
}

/** Zeros (or a copy, with `copy`) in the shapes of `like`. */
export function likeParameters(like: Parameters, copy = false): Parameters {
  return new Map(
    [...like].map(([name, { data, dims }]) => [
      name,
      { data: copy ? data.slice() : new Float32Array(data.length), dims },
    ]),
  );
}

/** How many numbers the parameters hold. */
export function countParameters(parameters: Parameters | Graph): number {
  const sizes =
    parameters instanceof Map
      ? [...parameters.values()].map((p) => p.data.length)
      : [...parameters.parameters.values()].map((p) => p.shape.reduce((n, d) => n * d, 1));
  return sizes.reduce((n, size) => n + size, 0);
}

/** The parameters as feeds of a session compiled with parameters as inputs. */
export function parameterFeeds(parameters: Parameters, prefix = ''): Record<string, Tensor> {
  return Object.fromEntries([...parameters].map(([name, tensor]) => [prefix + name, tensor]));
}
