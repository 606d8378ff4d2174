import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { InputError } from '../errors.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from './safetensors.js';

const temp = tempFolder();

const tensor = fc
  .tuple(fc.array(fc.nat(4), { maxLength: 3 }), fc.boolean(), fc.nat())
  .map(([shape, isFloat, seed]): StoredTensor => {
    const values = Array.from(
      { length: shape.reduce((n, s) => n * s, 1) },
      (_, i) => ((seed + i) % 1000) - 500.25,
    );
    return { shape, data: isFloat ? new Float32Array(values) : new Int32Array(values) };
  });
const tensors = fc.dictionary(
  fc.string().filter((name) => name !== '__metadata__'),
  tensor,
  { noNullPrototype: true, maxKeys: 5 },
);
const metadata = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true, maxKeys: 3 });

it('reads back what it writes, in place', () => {
  fc.assert(
    fc.property(tensors, metadata, (given, notes) => {
      const bytes = encodeSafetensors(given, notes);
      const decoded = decodeSafetensors(bytes, 'x');
      expect(decoded).toEqual({ tensors: given, metadata: notes });
      for (const { data } of Object.values(decoded.tensors)) expect(data.buffer).toBe(bytes.buffer);
    }),
  );
});

it('takes any name but that of the metadata', () => {
  const data = new Float32Array([1]);
  const named = Object.fromEntries(
    ['__proto__', 'constructor', '1', ''].map((name) => [name, { shape: [1], data }]),
  );
  const { tensors } = decodeSafetensors(encodeSafetensors(named), 'x');
  expect(Object.keys(tensors).sort()).toEqual(Object.keys(named).sort());
});

it('copies where the bytes are not aligned', () => {
  const data = new Float32Array([1, 2, 3]);
  const bytes = encodeSafetensors({ a: { shape: [3], data } });
  const shifted = Buffer.alloc(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(decodeSafetensors(shifted.subarray(1), 'x').tensors.a).toEqual({ shape: [3], data });
});

it('writes the format byte for byte', () => {
  const bytes = encodeSafetensors({ a: { shape: [1], data: new Int32Array([258]) } }, { by: 'r4t' });
  const header = '{"__metadata__":{"by":"r4t"},"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  expect(Buffer.from(bytes)).toEqual(
    Buffer.concat([
      Buffer.from([padded.length, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from(padded),
      Buffer.from([2, 1, 0, 0]),
    ]),
  );
});

it('refuses to write a tensor that does not fit its shape', () => {
  expect(() => encodeSafetensors({ a: { shape: [2], data: new Float32Array(3) } })).toThrow(RangeError);
});

it('writes and reads files', async () => {
  const file = temp.path('a.safetensors');
  const given = { w: { shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) } };
  await writeSafetensors(file, given, { step: '7' });
  expect(await readSafetensors(file)).toEqual({ tensors: given, metadata: { step: '7' } });
  await expect(readSafetensors(temp.path('none'))).rejects.toThrow('does not exist');
});

describe('damage', () => {
  /** A file with the given header over `size` bytes of data. */
  const raw = (header: unknown, size = 8) => {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const bytes = Buffer.alloc(8 + json.length + size);
    bytes.writeBigUInt64LE(BigInt(json.length));
    bytes.set(json, 8);
    return bytes;
  };
  const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });

  it.each([
    [Buffer.alloc(4), 'it is too short'],
    [Buffer.alloc(16, 0xff), 'its header length is wrong'],
    [raw('{"a":'), 'its header is not a JSON object'],
    [raw([]), 'its header is not a JSON object'],
    [raw('\u0000'), 'its header is not a JSON object'],
    [raw({ __metadata__: { a: 1 }, a: entry(0, 8) }), 'its metadata are not texts'],
    [raw({ a: entry(0, 8, [4], 'F16') }), 'tensor "a" is not of type F32 or I32'],
    [raw({ a: entry(0, 8, [-2]) }), 'tensor "a" is not valid'],
    [raw({ a: null }), 'tensor "a" is not valid'],
    [raw({ a: entry(0, 8, [3]) }), 'tensor "a" does not fit its place'],
    [raw({ a: entry(0, 12) }), 'tensor "a" does not fit its place'],
    [raw({ a: entry(4, 8) }), 'tensor "a" does not follow the one before it'],
    [raw({ a: entry(0, 8), b: entry(4, 8) }), 'tensor "b" does not follow the one before it'],
    [raw({ a: entry(0, 4) }), '4 bytes follow the last tensor'],
  ])('%# is told: %s', (bytes, message) => {
    const decode = () => decodeSafetensors(bytes, 'w.safetensors');
    expect(decode).toThrow(InputError);
    expect(decode).toThrow(message);
    expect(decode).toThrow(/^w\.safetensors: is damaged: /);
  });

  it('throws InputError or nothing, wherever a byte is changed or the file is cut', () => {
    const bytes = encodeSafetensors(
      { a: { shape: [2, 2], data: new Float32Array(4) }, b: { shape: [3], data: new Int32Array(3) } },
      { note: 'x' },
    );
    const tolerate = (damaged: Uint8Array) => {
      try {
        decodeSafetensors(damaged, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    };
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        tolerate(bytes.with(at, value));
        expect(() => decodeSafetensors(bytes.slice(0, at), 'x')).toThrow(InputError);
      }),
    );
  });
});
