import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BF16, F16, F32, type NumberType, toHalf, type WritableType } from '../numberTypes.js';
import fixtures from '../testing/fixtures/quantised.json' with { type: 'json' };
import { GGUF_TYPES, Q8_0 } from './quantised.js';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const floatsOf = (text: string): Float32Array => new Float32Array(bytesOf(text).buffer);
const typeOf = (name: string): NumberType => {
  const found = [...GGUF_TYPES.values()].find((type) => type.name === name);
  if (!found) throw new Error(`no type ${name}`);
  return found;
};

function decode(type: NumberType, bytes: Uint8Array): Float32Array {
  const out = new Float32Array((bytes.length / type.blockBytes) * type.blockSize);
  type.decode(bytes, out);
  return out;
}

// Figures of the Python package gguf: bench/pretrained/ggufFixtures.py.
describe('as the reference package', () => {
  it.each(fixtures.blocks)('$type is read, number for number', ({ type, bytes, values }) => {
    // Adding 0 makes the two zeros one.
    const plain = (numbers: Float32Array) => numbers.map((value) => value + 0);
    expect(plain(decode(typeOf(type), bytesOf(bytes)))).toEqual(plain(floatsOf(values)));
  });

  it.each(fixtures.blocks.filter(({ source }) => source))('$type is written, bit for bit', (fixture) => {
    const type = typeOf(fixture.type) as WritableType;
    expect(type.encode(floatsOf(fixture.source as string))).toEqual(bytesOf(fixture.bytes));
  });
});

it('covers every type that is read', () => {
  const covered = new Set(['F32', ...fixtures.blocks.map(({ type }) => type)]);
  expect([...GGUF_TYPES.values()].map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
});

const floats = fc.float32Array({ minLength: 1, maxLength: 40 });

it('keeps float32 as it is', () => {
  fc.assert(
    fc.property(floats, (values) => {
      expect(decode(F32, F32.encode(values))).toEqual(values);
    }),
  );
});

it('keeps every half-precision number, and rounds to the nearest', () => {
  const table = decode(F16, new Uint8Array(Uint16Array.from({ length: 0x1_0000 }, (_, bits) => bits).buffer));
  for (let bits = 0; bits < 0x1_0000; bits++)
    if (!Number.isNaN(table[bits])) expect(toHalf(table[bits] as number)).toBe(bits);
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: -65_000, max: 65_000 }), (value) => {
      const bits = toHalf(value);
      const error = (at: number) => Math.abs((table[at] as number) - value);
      for (const near of [bits - 1, bits + 1])
        if (near >= 0 && Number.isFinite(table[near])) expect(error(bits)).toBeLessThanOrEqual(error(near));
    }),
  );
});

it('rounds to bfloat16 within half a step, NaN stays NaN', () => {
  fc.assert(
    fc.property(floats, (values) => {
      const back = decode(BF16, BF16.encode(values));
      values.forEach((value, i) => {
        if (Number.isNaN(value)) expect(back[i]).toBeNaN();
        else if (Math.abs(value) < 3e38 && Math.abs(value) > 1e-37)
          expect(Math.abs((back[i] as number) - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -8);
      });
    }),
  );
});

it('quantises to within half a step of the largest number / 127', () => {
  const values = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(values, (list) => {
      const given = Float32Array.from(list);
      const largest = Math.max(...given.map(Math.abs));
      const back = decode(Q8_0, Q8_0.encode(given));
      // The scale itself is kept in half precision: its error counts up to 127 times.
      const bound = largest / 127 / 2 + largest * 2 ** -11 + 127 * 2 ** -25;
      given.forEach((value, i) => {
        expect(Math.abs((back[i] as number) - value)).toBeLessThanOrEqual(bound * 1.0001);
      });
    }),
  );
});

it('refuses to write what half precision cannot hold', () => {
  expect(() => F16.encode(Float32Array.of(1, -70_000))).toThrow(
    'a weight is -70000, and F16 holds 65504 at most; write another type',
  );
  expect([...decode(F16, F16.encode(Float32Array.of(65_504, Number.POSITIVE_INFINITY)))]).toEqual([
    65_504,
    Number.POSITIVE_INFINITY,
  ]);
});
