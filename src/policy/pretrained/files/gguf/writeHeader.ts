/** The bytes before a GGUF file's numbers. */
import { align } from './format.js';

/** A value of metadata with the type it is written in. */
export type Field =
  | { readonly type: 'u32' | 'i32' | 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'i32s' | 'f32s'; readonly value: ArrayLike<number> }
  | { readonly type: 'bools'; readonly value: readonly boolean[] }
  | { readonly type: 'strings'; readonly value: readonly string[] };

export interface TensorEntry {
  readonly name: string;
  /** Row-major. */
  readonly shape: readonly number[];
  /** GGUF's number of the type. */
  readonly type: number;
  readonly byteLength: number;
}

export const ALIGNMENT = 32;

/** Header of version 3, padded up to the first tensor; each tensor's bytes must be padded to `ALIGNMENT` too. */
export function encodeGgufHeader(
  fields: readonly (readonly [string, Field])[],
  tensors: readonly TensorEntry[],
): Buffer {
  const parts: Uint8Array[] = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(fields.length)];
  for (const [key, field] of fields) parts.push(text(key), value(field));
  let offset = 0;
  for (const { name, shape, type, byteLength } of tensors) {
    parts.push(
      text(name),
      uint32(shape.length),
      ...shape.toReversed().map(uint64),
      uint32(type),
      uint64(offset),
    );
    offset = align(offset + byteLength, ALIGNMENT);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header], align(header.length, ALIGNMENT));
}

const CODES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

function value(field: Field): Buffer {
  switch (field.type) {
    case 'u32':
      return Buffer.concat([uint32(CODES.u32), uint32(field.value)]);
    case 'i32':
      return Buffer.concat([uint32(CODES.i32), Buffer.from(Int32Array.of(field.value).buffer)]);
    case 'f32':
      return Buffer.concat([uint32(CODES.f32), Buffer.from(Float32Array.of(field.value).buffer)]);
    case 'bool':
      return Buffer.concat([uint32(CODES.bool), Buffer.from([Number(field.value)])]);
    case 'string':
      return Buffer.concat([uint32(CODES.string), text(field.value)]);
    case 'i32s':
      return array(CODES.i32, field.value.length, [Buffer.from(Int32Array.from(field.value).buffer)]);
    case 'f32s':
      return array(CODES.f32, field.value.length, [Buffer.from(Float32Array.from(field.value).buffer)]);
    case 'bools':
      return array(CODES.bool, field.value.length, [Buffer.from(field.value.map(Number))]);
    case 'strings':
      return array(CODES.string, field.value.length, field.value.map(text));
  }
}

const array = (code: number, length: number, values: readonly Uint8Array[]): Buffer =>
  Buffer.concat([uint32(CODES.array), uint32(code), uint64(length), ...values]);

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
