/** The GGUF container: metadata, then the list of tensors, then their numbers (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). */
import type { FileHandle } from 'node:fs/promises';
import { InputError } from '../../../../errors.js';
import { byteLength, readFully, type TensorPlace, truncated, volume } from '../numberTypes.js';
import { GGUF_TYPES, OTHER_TYPES } from './quantised.js';

export type GgufValue = number | boolean | string | readonly GgufValue[];
export type Metadata = ReadonlyMap<string, GgufValue>;

export interface GgufHeader {
  readonly metadata: Metadata;
  /** Shapes in row-major order, the reverse of the file's. */
  readonly tensors: ReadonlyMap<string, TensorPlace>;
}

const MAGIC = 0x46554747;
const DEFAULT_ALIGNMENT = 32;
/** Enough for most headers; a longer one is read again with more. */
const FIRST_READ = 1 << 24;

/** The bytes at hand end before the header does. */
class OutOfBytes extends Error {}

/**
 * Reads the header, numbers excluded.
 *
 * @param size - of the file in bytes
 * @param file - named in errors
 * @throws InputError if it is no GGUF of version 2 or 3, is cut short or has a tensor of a type that is not read
 */
export async function readGgufHeader(handle: FileHandle, size: number, file: string): Promise<GgufHeader> {
  for (let length = Math.min(size, FIRST_READ); ; length = Math.min(size, length * 4)) {
    const bytes = new Uint8Array(length);
    await readFully(handle, bytes, 0, file);
    try {
      return parseGgufHeader(bytes, size, file);
    } catch (error) {
      if (!(error instanceof OutOfBytes)) throw error;
      if (length === size) throw truncated(file, size + 1, size);
    }
  }
}

function parseGgufHeader(bytes: Uint8Array, size: number, file: string): GgufHeader {
  const cursor = new Cursor(bytes, file);
  if (cursor.uint32() !== MAGIC)
    throw new InputError('is not a GGUF file (it does not begin with "GGUF")', { file });
  const version = cursor.uint32();
  if (version !== 2 && version !== 3)
    throw new InputError(
      `is GGUF of version ${version}; versions 2 and 3, little-endian, are read: convert it anew`,
      { file },
    );
  const tensorCount = cursor.count();
  const metadata = new Map<string, GgufValue>();
  for (let left = cursor.count(); left > 0; left--) {
    const key = cursor.string();
    metadata.set(key, cursor.value(cursor.uint32()));
  }
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (typeof alignment !== 'number' || alignment <= 0)
    throw new InputError(`is damaged: its alignment is ${alignment}`, { file });

  const listed: { name: string; shape: number[]; type: number; offset: number }[] = [];
  for (let i = 0; i < tensorCount; i++) {
    const name = cursor.string();
    const shape = Array.from({ length: cursor.uint32() }, () => cursor.count()).reverse();
    listed.push({ name, shape, type: cursor.uint32(), offset: cursor.count() });
  }
  const start = align(cursor.at, alignment);
  const tensors = new Map<string, TensorPlace>();
  for (const { name, shape, type: id, offset } of listed) {
    const type = GGUF_TYPES.get(id);
    if (!type) {
      const read = [...GGUF_TYPES.values()].map((known) => known.name).join(', ');
      const found = OTHER_TYPES[id] ?? `number ${id}`;
      throw new InputError(`tensor "${name}" is of type ${found}; types that are read: ${read}`, { file });
    }
    if ((shape.at(-1) ?? 0) % type.blockSize !== 0)
      throw new InputError(
        `is damaged: rows of tensor "${name}" of shape [${shape}] are not whole blocks of ${type.blockSize}`,
        { file },
      );
    const end = start + offset + byteLength(type, volume(shape));
    if (end > size) throw truncated(file, end, size);
    tensors.set(name, { type, shape, offset: start + offset });
  }
  return { metadata, tensors };
}

export const align = (at: number, alignment: number): number => Math.ceil(at / alignment) * alignment;

class Cursor {
  at = 0;
  private readonly view: DataView;
  private readonly utf8 = new TextDecoder();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Goes on by `length` bytes and returns where they begin. */
  private take(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.length) throw new OutOfBytes();
    this.at += length;
    return from;
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** An unsigned 64-bit number; those past 2 ** 53 cannot be meant. */
  count(): number {
    const value = Number(this.view.getBigUint64(this.take(8), true));
    if (!Number.isSafeInteger(value))
      throw new InputError(`is damaged: byte ${this.at - 8} should begin a count, found ${value}`, {
        file: this.file,
      });
    return value;
  }

  string(): string {
    const length = this.count();
    const from = this.take(length);
    return this.utf8.decode(this.bytes.subarray(from, from + length));
  }

  /** A value of one of the thirteen types of metadata. */
  value(type: number): GgufValue {
    switch (type) {
      case 0:
        return this.view.getUint8(this.take(1));
      case 1:
        return this.view.getInt8(this.take(1));
      case 2:
        return this.view.getUint16(this.take(2), true);
      case 3:
        return this.view.getInt16(this.take(2), true);
      case 4:
        return this.uint32();
      case 5:
        return this.view.getInt32(this.take(4), true);
      case 6:
        return this.view.getFloat32(this.take(4), true);
      case 7:
        return this.view.getUint8(this.take(1)) !== 0;
      case 8:
        return this.string();
      case 9: {
        const inner = this.uint32();
        const length = this.count();
        const values: GgufValue[] = [];
        for (let i = 0; i < length; i++) values.push(this.value(inner));
        return values;
      }
      case 10:
        return Number(this.view.getBigUint64(this.take(8), true));
      case 11:
        return Number(this.view.getBigInt64(this.take(8), true));
      case 12:
        return this.view.getFloat64(this.take(8), true);
      default:
        throw new InputError(
          `is damaged: byte ${this.at - 4} should name a type of metadata, found ${type}`,
          {
            file: this.file,
          },
        );
    }
  }
}
