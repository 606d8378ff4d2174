import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';

/** A float32 or int32 tensor of a TensorFlow.js graph model. */
export interface NamedWeight {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: unknown;
}

interface WeightsGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightSpec[];
}

/**
 * The weights of a TensorFlow.js graph model: `model.json` names them, the shards beside it hold their bytes end to
 * end. All tensors are views of one buffer.
 *
 * @throws {InputError} when a file is missing, a shard is cut short, or a weight is quantized or of another type.
 */
export async function readTfjsWeights(folder: string): Promise<Map<string, NamedWeight>> {
  const file = join(folder, 'model.json');
  const { weightsManifest } = JSON.parse((await read(file)).toString('utf8')) as {
    weightsManifest: readonly WeightsGroup[];
  };
  const weights = new Map<string, NamedWeight>();
  for (const { paths, weights: specs } of weightsManifest) {
    const shards = await Promise.all(paths.map((path) => read(join(folder, path))));
    // A copy into fresh memory also aligns the floats, which a Buffer from Node's pool need not be.
    const bytes = new Uint8Array(shards.reduce((n, shard) => n + shard.length, 0));
    let end = 0;
    for (const shard of shards) {
      bytes.set(shard, end);
      end += shard.length;
    }
    let offset = 0;
    for (const spec of specs) {
      const length = spec.shape.reduce((n, d) => n * d, 1);
      weights.set(spec.name, { data: view(spec, bytes.buffer, offset, length, file), shape: spec.shape });
      offset += 4 * length;
    }
  }
  return weights;
}

function view(spec: WeightSpec, buffer: ArrayBuffer, offset: number, length: number, file: string) {
  if (spec.quantization || (spec.dtype !== 'float32' && spec.dtype !== 'int32')) {
    throw new InputError(`weight ${spec.name} is not plain float32 or int32`, { file });
  }
  if (offset + 4 * length > buffer.byteLength) {
    throw new InputError(`the shards end before weight ${spec.name}; install the package again`, { file });
  }
  return spec.dtype === 'float32'
    ? new Float32Array(buffer, offset, length)
    : new Int32Array(buffer, offset, length);
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new InputError('cannot be read; install the package again', { file }, { cause });
  }
}
