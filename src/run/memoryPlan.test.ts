import { afterEach, expect, it, vi } from 'vitest';
import type { Item } from '../catalog/item.js';
import { describeMemory } from '../cli/inputSummary.js';
import { lazyArray } from '../lazyArray.js';
import { memoryForVectors } from '../memory.js';
import { memoryPlan } from './memoryPlan.js';

afterEach(() => vi.unstubAllEnvs());

const item: Item = { id: 'a', text: 'a', title: 'a', metadata: {} };
const onDisk = (length: number) => lazyArray({ length, at: () => item, all: () => [][Symbol.iterator]() });

it('says of a large catalog what stays on disk, and nothing of a small one', () => {
  vi.stubEnv('R4T_CATALOG_MEMORY', '300');
  expect(memoryPlan(onDisk(50_000), 256)).toBeUndefined();
  const plan = memoryPlan(onDisk(1_000_000), 256)!;
  expect(plan).toMatchObject({
    vectors: 1_024_000_000,
    index: 260_000_000,
    onDisk: { items: true, vectors: true, index: false },
  });
  expect(describeMemory({ ...plan, available: 2e9 })).toEqual([
    'memory: compiling takes about 1.1 GB; items, vectors (1.0 GB) stay on disk',
  ]);
  expect(describeMemory({ ...plan, available: 1e9 })[0]).toContain(
    'more than the 1.0 GB there are: give it more',
  );
  vi.stubEnv('R4T_CATALOG_MEMORY', '200');
  expect(memoryPlan(onDisk(1_000_000), 256)?.onDisk.index).toBe(true);
});

it('takes a share of the machine, unless told otherwise, and only numbers', () => {
  vi.stubEnv('R4T_CATALOG_MEMORY', '');
  expect(memoryForVectors()).toBeGreaterThan(100e6);
  vi.stubEnv('R4T_CATALOG_MEMORY', '1.5');
  expect(memoryForVectors()).toBe(1.5 * 2 ** 20);
  vi.stubEnv('R4T_CATALOG_MEMORY', 'much');
  expect(() => memoryForVectors()).toThrow('R4T_CATALOG_MEMORY');
});
