import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, matrix, row } from '../matrix.js';
import { codeError, encodeDirections, encodeRows, ZERO_CODE } from './codes.js';

const DIM = 12;
const vector = fc.array(fc.float({ noNaN: true, min: -4, max: 4 }), { minLength: DIM, maxLength: DIM });
const pair = fc.record({ x: vector, q: vector });

describe('codes', () => {
  it('are never further from the truth than they say', () => {
    fc.assert(
      fc.property(pair, ({ x, q }) => {
        const rows = encodeRows(matrix(1, DIM, Float32Array.from(x)));
        const directions = encodeDirections(matrix(1, DIM, Float32Array.from(q)));
        const codes = directions.codes.map((code) => code - ZERO_CODE);
        const rough = dot(codes, rows.codes) * rows.scales[0] * directions.scales[0];
        const most = codeError(rows, { error: directions.errors[0], norm: directions.norms[0] });
        expect(Math.abs(dot(Float32Array.from(x), Float32Array.from(q)) - rough)).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('have 8 bits of rows, column by column, and 7 of directions', () => {
    const rows = encodeRows(matrix(2, 2, Float32Array.of(1, -0.4, 0, 0)));
    expect([...rows.codes]).toEqual([127, 0, -51, 0]);
    const { codes, scales } = encodeDirections(matrix(1, 2, Float32Array.of(2, -2)));
    expect([...codes]).toEqual([ZERO_CODE + 63, ZERO_CODE - 63]);
    expect(scales[0] * 63).toBeCloseTo(2);
  });

  it('of unit rows lose little', () => {
    const data = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i) / 8);
    const { error } = encodeRows(matrix(1, 128, data));
    expect(error).toBeLessThan(0.01 * Math.sqrt(dot(data, row(matrix(1, 128, data), 0))));
  });
});
