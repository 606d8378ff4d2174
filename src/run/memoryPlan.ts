/** What a run of a large catalog will hold in memory, known before it is compiled. */
import type { Item } from '../catalog/item.js';
import { lazyListOf } from '../lazyArray.js';
import { machineMemory, memoryForVectors } from '../memory.js';
import { vectorMemory } from './vectorShards.js';

/** What compiling takes whatever the catalog: program, encoder, models in training. Measured: see docs/scale.md. */
const BASE = 600e6;
/** What every item costs in memory wherever it lies: its words for BM25 above all, its id, its place, masks; see docs/scale.md. */
const BYTES_AN_ITEM = 250;
/** Items below this fit anywhere. */
const FEW = 100_000;

export interface MemoryPlan {
  /** Bytes of the vectors, and of the codes or floats by which they are searched. */
  readonly vectors: number;
  readonly index: number;
  /** What stays on disk. */
  readonly onDisk: { readonly items: boolean; readonly vectors: boolean; readonly index: boolean };
  /** Bytes that compiling will take in all, about. */
  readonly expected: number;
  /** Bytes that there are. */
  readonly available: number;
}

/** Undefined for a catalog of which nobody need ask. */
export function memoryPlan(items: readonly Item[], cols: number): MemoryPlan | undefined {
  const rows = items.length;
  const { vectors, index } = vectorMemory({ rows, cols });
  const most = memoryForVectors();
  const onDisk = {
    items: lazyListOf(items) !== undefined,
    vectors: vectors + index > most,
    // That of a single block is always held.
    index: index > most && index < vectors,
  };
  if (rows < FEW) return undefined;
  const held = (onDisk.vectors ? 0 : vectors) + (onDisk.index ? 0 : index);
  const itemBytes = onDisk.items ? 0 : ITEM_BYTES;
  return {
    vectors,
    index,
    onDisk,
    expected: BASE + held + rows * (BYTES_AN_ITEM + itemBytes),
    available: machineMemory(),
  };
}

/** A usual item in memory. */
const ITEM_BYTES = 400;
