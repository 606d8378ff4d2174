import { InputError } from '../errors.js';
import type { Graph } from './graph.js';
import type { Parameters } from './parameters.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

/** Writes parameters as one safetensors file, atomically. */
export async function saveWeights(file: string, parameters: Parameters): Promise<void> {
  const tensors = [...parameters].map(([name, { data, dims }]) => [name, { shape: dims, data }]);
  await writeSafetensors(file, Object.fromEntries(tensors));
}

/**
 * Reads parameters written by `saveWeights`.
 *
 * @throws InputError if the file is damaged or, when a graph is given, is not of that model
 */
export async function loadWeights(file: string, graph?: Graph): Promise<Parameters> {
  const { tensors } = await readSafetensors(file);
  const parameters: Parameters = new Map();
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (!(data instanceof Float32Array)) throw new InputError(`tensor "${name}" is not float32`, { file });
    parameters.set(name, { data, dims: shape });
  }
  for (const [name, { shape }] of graph?.parameters ?? []) {
    if (parameters.get(name)?.dims.join() !== shape.join()) {
      throw new InputError(`has no tensor "${name}" of shape [${shape}]; it belongs to another model`, {
        file,
      });
    }
  }
  return parameters;
}
