/**
 * The quantised types of GGUF: blocks of integers with a scale, and for some an offset, in half precision
 * (ggml-quants.c of https://github.com/ggml-org/llama.cpp).
 */
import { BF16, F16, F32, halfTable, type NumberType, toHalf, type WritableType } from '../numberTypes.js';

/** A block's numbers from its bytes at `at` into `out` at `to`. */
type DecodeBlock = (bytes: Uint8Array, at: number, out: Float32Array, to: number, half: Float32Array) => void;

function quantised(
  name: string,
  blockSize: number,
  blockBytes: number,
  decodeBlock: DecodeBlock,
): NumberType {
  return {
    name,
    blockSize,
    blockBytes,
    decode(bytes, out) {
      const half = halfTable();
      for (let at = 0, to = 0; to < out.length; at += blockBytes, to += blockSize)
        decodeBlock(bytes, at, out, to, half);
    },
  };
}

/** A half-precision number at `at`. */
const halfAt = (bytes: Uint8Array, at: number, half: Float32Array): number =>
  half[byte(bytes, at) | (byte(bytes, at + 1) << 8)] as number;
const byte = (bytes: Uint8Array, at: number): number => bytes[at] as number;
const signedByte = (bytes: Uint8Array, at: number): number => (byte(bytes, at) << 24) >> 24;

/** 32 numbers of 4 bits: the low halves of 16 bytes, then the high halves. `zero` is taken from each. */
const fourBits = (name: string, hasOffset: boolean, zero: number) =>
  quantised(name, 32, hasOffset ? 20 : 18, (bytes, at, out, to, half) => {
    const scale = halfAt(bytes, at, half);
    const offset = hasOffset ? halfAt(bytes, at + 2, half) : 0;
    const first = at + (hasOffset ? 4 : 2);
    for (let i = 0; i < 16; i++) {
      const q = byte(bytes, first + i);
      out[to + i] = scale * ((q & 15) - zero) + offset;
      out[to + i + 16] = scale * ((q >> 4) - zero) + offset;
    }
  });

/** As with four bits, and the fifth bits of all 32 in the four bytes before. */
const fiveBits = (name: string, hasOffset: boolean, zero: number) =>
  quantised(name, 32, hasOffset ? 24 : 22, (bytes, at, out, to, half) => {
    const scale = halfAt(bytes, at, half);
    const offset = hasOffset ? halfAt(bytes, at + 2, half) : 0;
    const high = at + (hasOffset ? 4 : 2);
    for (let i = 0; i < 16; i++) {
      const q = byte(bytes, high + 4 + i);
      const low5 = ((byte(bytes, high + (i >> 3)) >> (i & 7)) & 1) << 4;
      const high5 = ((byte(bytes, high + 2 + (i >> 3)) >> (i & 7)) & 1) << 4;
      out[to + i] = scale * (((q & 15) | low5) - zero) + offset;
      out[to + i + 16] = scale * (((q >> 4) | high5) - zero) + offset;
    }
  });

const q8 = quantised('Q8_0', 32, 34, (bytes, at, out, to, half) => {
  const scale = halfAt(bytes, at, half);
  for (let i = 0; i < 32; i++) out[to + i] = scale * signedByte(bytes, at + 2 + i);
});

/** 32 bytes with the scale that takes the largest to 127. */
export const Q8_0: WritableType = {
  ...q8,
  encode(values) {
    const bytes = new Uint8Array((values.length / 32) * 34);
    for (let from = 0, to = 0; from < values.length; from += 32, to += 34) {
      let largest = 0;
      for (let i = 0; i < 32; i++) largest = Math.max(largest, Math.abs(values[from + i] as number));
      const scale = Math.fround(largest / 127);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      const bits = toHalf(scale);
      bytes[to] = bits & 255;
      bytes[to + 1] = bits >> 8;
      for (let i = 0; i < 32; i++) {
        const exact = Math.fround((values[from + i] as number) * inverse);
        // Halves away from zero, as C's roundf does.
        bytes[to + 2 + i] = Math.sign(exact) * Math.floor(Math.abs(exact) + 0.5);
      }
    }
    return bytes;
  },
};

/**
 * 256 numbers in eight groups of 32, each with a 6-bit scale and a 6-bit offset, which share 12 bytes: the first four groups take the
 * low six bits of bytes 0-3 and 4-7; the others four bits of bytes 8-11 and the two high bits of the earlier bytes.
 */
const groups = (name: string, fifth: boolean) =>
  quantised(name, 256, fifth ? 176 : 144, (bytes, at, out, to, half) => {
    const scale = halfAt(bytes, at, half);
    const offset = halfAt(bytes, at + 2, half);
    const scales = at + 4;
    const high = at + 16;
    const low = fifth ? high + 32 : high;
    for (let group = 0; group < 8; group++) {
      const j = scales + (group & 3);
      const [a, b, c] = [byte(bytes, j), byte(bytes, j + 4), byte(bytes, j + 8)];
      const d = scale * (group < 4 ? a & 63 : (c & 15) | ((a >> 6) << 4));
      const m = offset * (group < 4 ? b & 63 : (c >> 4) | ((b >> 6) << 4));
      const first = low + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      for (let i = 0; i < 32; i++) {
        const q = (byte(bytes, first + i) >> shift) & 15;
        const bit = fifth ? ((byte(bytes, high + i) >> group) & 1) << 4 : 0;
        out[to + group * 32 + i] = d * (q | bit) - m;
      }
    }
  });

/** 256 numbers of 6 bits: 4 low ones, then 2 high ones; 16 signed scales. */
const sixBits = quantised('Q6_K', 256, 210, (bytes, at, out, to, half) => {
  const scale = halfAt(bytes, at + 208, half);
  for (let i = 0; i < 256; i++) {
    const part = i >> 7;
    const quarter = (i >> 5) & 3;
    const column = i & 31;
    const low = byte(bytes, at + part * 64 + (quarter & 1) * 32 + column) >> ((quarter >> 1) * 4);
    const high = byte(bytes, at + 128 + part * 32 + column) >> (quarter * 2);
    const q = ((low & 15) | ((high & 3) << 4)) - 32;
    out[to + i] = scale * signedByte(bytes, at + 192 + (i >> 4)) * q;
  }
});

/** By the number that GGUF gives each. */
export const GGUF_TYPES: ReadonlyMap<number, NumberType> = new Map<number, NumberType>([
  [0, F32],
  [1, F16],
  [2, fourBits('Q4_0', false, 8)],
  [3, fourBits('Q4_1', true, 0)],
  [6, fiveBits('Q5_0', false, 16)],
  [7, fiveBits('Q5_1', true, 0)],
  [8, Q8_0],
  [12, groups('Q4_K', false)],
  [13, groups('Q5_K', true)],
  [14, sixBits],
  [30, BF16],
]);

/** Names of those that are not read, for messages. */
export const OTHER_TYPES: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
};
