import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ARCHITECTURES } from '../../settings.js';
import { expectedTensors } from '../tensors.js';
import { tinySettings } from '../testing/tinyModel.js';
import { fromGguf, ggufName, toGguf } from './layout.js';

it('interleaves the rotated rows of llama, as its converter does', () => {
  // One head of width 6: w.reshape(1, 2, 3).swapaxes(1, 2) takes rows 0..5 to 0 3 1 4 2 5.
  const sizes = { architecture: 'llama', heads: 2, keyValueHeads: 1, headWidth: 6 } as const;
  const rows = Float32Array.from({ length: 6 }, (_, i) => i);
  expect([...toGguf('model.layers.0.self_attn.k_proj.weight', rows, sizes)]).toEqual([0, 3, 1, 4, 2, 5]);
  const two = Float32Array.from({ length: 24 }, (_, i) => i);
  expect([...toGguf('model.layers.0.self_attn.q_proj.weight', two, sizes)]).toEqual(
    [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11].flatMap((row) => [2 * row, 2 * row + 1]),
  );
  const qwen = { ...sizes, architecture: 'qwen2' } as const;
  expect([...toGguf('model.layers.0.self_attn.k_proj.weight', rows, qwen)]).toEqual([0, 1, 2, 3, 4, 5]);
});

it("adds one to Gemma's norms", () => {
  const sizes = tinySettings('gemma3');
  const norm = Float32Array.of(0, 0.5, -1);
  expect([...toGguf('model.layers.3.self_attn.q_norm.weight', norm, sizes)]).toEqual([1, 1.5, 0]);
  expect([...fromGguf('model.norm.weight', norm, sizes)]).toEqual([-1, -0.5, -2]);
  expect([...toGguf('model.norm.weight', norm, tinySettings('qwen3'))]).toEqual([0, 0.5, -1]);
});

it.each(ARCHITECTURES)('reads back what it writes, under names of their own: %s', (architecture) => {
  const settings = tinySettings(architecture);
  const tensors = [...expectedTensors(settings)];
  expect(new Set(tensors.map(([name]) => ggufName(name, settings))).size).toBe(tensors.length);
  fc.assert(
    fc.property(fc.constantFrom(...tensors), fc.nat(), ([name, shape], seed) => {
      const length = shape.reduce((n, size) => n * size, 1);
      const values = Float32Array.from({ length }, (_, i) => (seed + i) % 1024);
      expect(fromGguf(name, toGguf(name, values, settings), settings)).toEqual(values);
    }),
    { numRuns: 30 },
  );
  expect(() => ggufName('model.layers.0.mlp.router.weight', settings)).toThrow(RangeError);
});
