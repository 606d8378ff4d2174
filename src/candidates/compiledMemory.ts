/** The memory of training queries with the runtime's products; browsers have `SetMemory.plain`. */
import { compiledMap } from '../compiledMap.js';
import type { RuntimeOptions } from '../engine/index.js';
import { type RememberedSets, SetMemory, setCenters, transposed } from './setMemory.js';

/** `release` it when done. */
export async function compiledMemory(sets: RememberedSets, runtime?: RuntimeOptions): Promise<SetMemory> {
  return SetMemory.of(sets, {
    cosines: await compiledMap(sets.vectors, runtime),
    weights: await compiledMap(sets.smoother, runtime),
    centers: await compiledMap(transposed(setCenters(sets)), runtime),
  });
}
