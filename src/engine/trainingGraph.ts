/** What a step of training computes beside the loss, as nodes of a graph. */
import { gradients } from './gradients.js';
import { Graph, type Value } from './graph.js';
import { add, div, maximum, minimum, mul, sqrt, sub, sumSquares } from './ops.js';
import { type AdamWOptions, adamInputs, adamUpdate } from './optimizer.js';
import { zeros } from './parameters.js';

export interface UpdateOptions {
  readonly clipNorm?: number;
  readonly ema: boolean;
  readonly optimizer: AdamWOptions;
}

/** Loss, backward pass and update in one. */
export function trainingOutputs(
  loss: Value,
  trained: readonly string[],
  options: UpdateOptions,
): Record<string, Value> {
  const values = parametersOf(loss.graph, trained);
  return { loss, ...updateOutputs(values, gradients(loss, values), options) };
}

/** Loss, and the inputs `gradients:NAME` with the gradient of this part of a batch added, times its `share` of it. */
export function accumulationOutputs(loss: Value, trained: readonly string[]): Record<string, Value> {
  const { graph } = loss;
  const values = parametersOf(graph, trained);
  const share = graph.input('share', []);
  const outputs: Record<string, Value> = { loss };
  gradients(loss, values).forEach((gradient, i) => {
    const { name, shape } = values[i];
    outputs[`next.gradients:${name}`] = add(graph.input(`gradients:${name}`, shape), mul(gradient, share));
  });
  return outputs;
}

/** The update by the inputs `gradients:NAME`, in a graph of its own. */
export function separateUpdate(
  loss: Value,
  trained: readonly string[],
  options: UpdateOptions,
): { graph: Graph; outputs: Record<string, Value> } {
  const graph = new Graph();
  const values = parametersOf(loss.graph, trained).map(({ name, shape }) =>
    graph.parameter(name, shape as readonly number[], zeros),
  );
  const raw = values.map(({ name, shape }) => graph.input(`gradients:${name}`, shape));
  return { graph, outputs: updateOutputs(values, raw, options) };
}

const parametersOf = (graph: Graph, names: readonly string[]): Value[] =>
  names.map((name) => graph.parameters.get(name)?.value as Value);

/** The gradients' norm and, of each value, what it and its moments become. */
function updateOutputs(
  values: readonly Value[],
  raw: readonly Value[],
  { clipNorm, ema, optimizer }: UpdateOptions,
): Record<string, Value> {
  const { graph } = values[0];
  const gradientNorm = sqrt(raw.map(sumSquares).reduce(add));
  // Pascanu et al. 2013: g * min(1, clip / |g|).
  const scale = clipNorm === undefined ? undefined : minimum(div(clipNorm, maximum(gradientNorm, 1e-12)), 1);
  const adam = adamInputs(graph);
  const emaDecay = ema ? graph.input('ema.decay', []) : undefined;
  const outputs: Record<string, Value> = { gradientNorm };
  values.forEach((value, i) => {
    const { name, shape } = value;
    const gradient = scale ? mul(raw[i], scale) : raw[i];
    const moments = [
      graph.input(`moments.M:${name}`, shape),
      graph.input(`moments.V:${name}`, shape),
    ] as const;
    const updated = adamUpdate(value, gradient, moments, adam, optimizer);
    outputs[`next.parameters:${name}`] = updated.parameter;
    outputs[`next.moments.M:${name}`] = updated.moments[0];
    outputs[`next.moments.V:${name}`] = updated.moments[1];
    if (emaDecay) {
      const average = graph.input(`ema:${name}`, shape);
      outputs[`next.ema:${name}`] = add(updated.parameter, mul(sub(average, updated.parameter), emaDecay));
    }
  });
  return outputs;
}
