/** The memory of training queries with the runtime's products; browsers have `SetMemory.plain`. */
import { compiledMap } from '../compiledMap.js';
import type { RuntimeOptions } from '../engine/index.js';
import { memoryMatrices, type RememberedSets, SetMemory } from './setMemory.js';

/** `release` it when done. */
export async function compiledMemory(sets: RememberedSets, runtime?: RuntimeOptions): Promise<SetMemory> {
  const { cosines, weights, centers } = memoryMatrices(sets);
  return new SetMemory(sets, {
    cosines: await compiledMap(cosines, runtime),
    weights: await compiledMap(weights, runtime),
    centers: await compiledMap(centers, runtime),
  });
}
