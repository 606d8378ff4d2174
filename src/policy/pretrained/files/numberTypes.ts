/** How numbers lie in files of weights, and a tensor read from one: a part at a time, so that no second copy is held. */
import type { FileHandle } from 'node:fs/promises';
import { InputError, R4tError } from '../../../errors.js';

/** A way to store numbers, in blocks of `blockSize` numbers and `blockBytes` bytes; little-endian. */
export interface NumberType {
  readonly name: string;
  readonly blockSize: number;
  readonly blockBytes: number;
  /** Fills `out` from whole blocks; `bytes` starts at an even address of its buffer. */
  decode(bytes: Uint8Array, out: Float32Array): void;
}

/** A type that can be written too. */
export interface WritableType extends NumberType {
  encode(values: Float32Array): Uint8Array<ArrayBuffer>;
}

let halves: Float32Array | undefined;

/** The float32 value of each of the 65,536 IEEE 754 half-precision numbers, by its bits. */
export function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(0x1_0000);
  for (let bits = 0; bits < halves.length; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size =
      exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1024 + fraction) * 2 ** (exponent - 25);
    halves[bits] = bits >> 15 === 1 ? -size : size;
  }
  return halves;
}

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);

/** Bits of the nearest half-precision number, ties to even; what is too large becomes infinite. */
export function toHalf(value: number): number {
  word[0] = value;
  const bits = wordBits[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fff_ffff;
  if (size > 0x7f80_0000) return sign | 0x7e00;
  if (size >= 0x477f_f000) return sign | 0x7c00;
  // Below the smallest normal half, 2 ** -14, steps are 2 ** -24.
  if (size < 0x3880_0000) return sign | roundEven(Math.abs(word[0] as number) * 2 ** 24);
  return sign | ((size - 0x3800_0000 + 0x0fff + ((size >>> 13) & 1)) >>> 13);
}

function roundEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

export const F32: WritableType = {
  name: 'F32',
  blockSize: 1,
  blockBytes: 4,
  decode: (bytes, out) => new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes),
  encode: (values) => new Uint8Array(values.slice().buffer),
};

export const F16: WritableType = {
  name: 'F16',
  blockSize: 1,
  blockBytes: 2,
  decode(bytes, out) {
    const table = halfTable();
    const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, out.length);
    for (let i = 0; i < out.length; i++) out[i] = table[bits[i] as number] as number;
  },
  encode(values) {
    const bits = new Uint16Array(values.length);
    for (let i = 0; i < bits.length; i++) {
      const value = values[i] as number;
      bits[i] = toHalf(value);
      if (((bits[i] as number) & 0x7fff) === 0x7c00 && Number.isFinite(value))
        throw new R4tError(`a weight is ${value}, and F16 holds 65504 at most; write another type`);
    }
    return new Uint8Array(bits.buffer);
  },
};

/** The upper half of a float32. */
export const BF16: WritableType = {
  name: 'BF16',
  blockSize: 1,
  blockBytes: 2,
  decode(bytes, out) {
    const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, out.length);
    const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let i = 0; i < out.length; i++) words[i] = (bits[i] as number) << 16;
  },
  encode(values) {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const upper = new Uint16Array(words.length);
    for (let i = 0; i < upper.length; i++) {
      const bits = words[i] as number;
      // To the nearest, ties to even; a NaN must not round to infinity.
      const notNumber = (bits & 0x7fff_ffff) > 0x7f80_0000;
      upper[i] = notNumber ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
    }
    return new Uint8Array(upper.buffer);
  },
};

/** Numbers decoded or encoded at once; a multiple of every block size. */
const PART = 1 << 20;

/** Where a tensor lies in an open file. */
export interface TensorPlace {
  readonly type: NumberType;
  readonly shape: readonly number[];
  /** Of the first byte, in the file. */
  readonly offset: number;
}

export const volume = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Bytes of a tensor of whole blocks. */
export const byteLength = (type: NumberType, count: number): number =>
  (count / type.blockSize) * type.blockBytes;

/**
 * Reads one tensor as float32, row-major.
 *
 * @param file - named in errors
 * @throws InputError if the file ends before the tensor does
 */
export async function readTensor(
  handle: FileHandle,
  place: TensorPlace,
  file: string,
): Promise<Float32Array> {
  const { type } = place;
  const out = new Float32Array(volume(place.shape));
  const bytes = new Uint8Array(byteLength(type, Math.min(PART, out.length)));
  let position = place.offset;
  for (let start = 0; start < out.length; start += PART) {
    const part = out.subarray(start, start + PART);
    const wanted = bytes.subarray(0, byteLength(type, part.length));
    await readFully(handle, wanted, position, file);
    type.decode(wanted, part);
    position += wanted.length;
  }
  return out;
}

/** A tensor's bytes in a type, in parts. */
export function* encodeInParts(type: WritableType, values: Float32Array): Generator<Uint8Array> {
  for (let start = 0; start < values.length; start += PART)
    yield type.encode(values.subarray(start, start + PART));
}

/** Fills `bytes` from `position` on. */
export async function readFully(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
  file: string,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw truncated(file, position + bytes.length, position + done);
    done += bytesRead;
  }
}

/** A file that ends too early. */
export const truncated = (file: string, expected: number, found: number): InputError =>
  new InputError(`is cut short: it has ${found} bytes of at least ${expected}; download it again`, { file });
