import { InputError } from '../errors.js';

/** A dense row-major tensor; `data.length` is the product of `shape`. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export interface Safetensors {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where a tensor lies in the data that follow the header. */
export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the reference implementation allows. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Bytes of a number of each type. */
const NUMBER_BYTES: Readonly<Record<string, number>> = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
};
const METADATA = '__metadata__';

/**
 * Tensors in the safetensors format (an 8-byte header length, a JSON header, the little-endian data), readable by
 * every safetensors library. Tensors keep the order of the object.
 *
 * @throws RangeError if a tensor's data and shape disagree
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  // Made of entries, so that a tensor may be named `__proto__`.
  const sizes = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      if (data.length !== volume(shape) || name === METADATA) {
        throw new RangeError(`tensor "${name}" of shape [${shape}] cannot hold ${data.length} values`);
      }
      return [name, { dtype: data instanceof Float32Array ? 'F32' : 'I32', shape }];
    }),
  );
  const header = encodeSafetensorsHeader(sizes, metadata);
  const all = Object.values(tensors).map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  const bytes = new Uint8Array(header.length + all.reduce((sum, part) => sum + part.length, 0));
  bytes.set(header);
  let offset = header.length;
  for (const part of all) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** What comes before the data, which must follow in the order of the object. */
export function encodeSafetensorsHeader(
  tensors: Readonly<Record<string, Pick<SafetensorsEntry, 'dtype' | 'shape'>>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push([METADATA, metadata]);
  let size = 0;
  for (const [name, { dtype, shape }] of Object.entries(tensors)) {
    const end = size + volume(shape) * (NUMBER_BYTES[dtype] as number);
    header.push([name, { dtype, shape, data_offsets: [size, end] }]);
    size = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Padded with spaces, so that the data begin at a multiple of 8 and can be viewed in place.
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start).fill(0x20, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * Reads safetensors of types F32 and I32. The data are views of `bytes` where aligned (always, if this package wrote
 * them), else copies.
 *
 * @param file - named in errors
 * @throws InputError if the bytes are no safetensors or are damaged
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const damaged = (what: string, cause?: unknown) =>
    new InputError(`is damaged: ${what}; delete it and run again`, { file }, { cause });

  if (bytes.length < 8) throw damaged('it is too short');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > Math.min(bytes.length - 8, MAX_HEADER_BYTES)) throw damaged('its header length is wrong');
  const data = bytes.subarray(8 + length);
  const { entries, metadata } = parseSafetensorsHeader(bytes.subarray(8, 8 + length), damaged);
  for (const [name, { dtype, data_offsets: offsets }] of entries) {
    if (dtype !== 'F32' && dtype !== 'I32') throw damaged(`tensor "${name}" is not of type F32 or I32`);
    if (offsets[1] > data.length) throw damaged(`tensor "${name}" does not fit its place`);
  }
  const end = dataLength(entries);
  if (end !== data.length) throw damaged(`${data.length - end} bytes follow the last tensor`);
  return {
    tensors: Object.fromEntries([...entries].map(([name, entry]) => [name, view(data, entry)])),
    metadata,
  };
}

/**
 * Reads a header: entries without gaps between them, each as large as its shape and type say.
 *
 * @param json - the header's bytes
 * @param damaged - makes the error of a header that is wrong
 */
export function parseSafetensorsHeader(
  json: Uint8Array,
  damaged: (what: string, cause?: unknown) => Error,
): SafetensorsHeader {
  let header: Record<string, unknown>;
  try {
    header = asObject(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)));
  } catch (cause) {
    throw damaged('its header is not a JSON object', cause);
  }
  const { [METADATA]: metadata = {}, ...rest } = header;
  if (!isStringRecord(metadata)) throw damaged('its metadata are not texts');
  const entries = Object.entries(rest).map(([name, entry]) => {
    if (!isEntry(entry)) throw damaged(`the entry of tensor "${name}" is not valid`);
    const { dtype, shape, data_offsets: offsets } = entry;
    const bytes = NUMBER_BYTES[dtype];
    if (bytes !== undefined && offsets[1] - offsets[0] !== volume(shape) * bytes)
      throw damaged(`tensor "${name}" does not fit its place`);
    return [name, entry] as const;
  });
  let end = 0;
  for (const [name, entry] of entries.toSorted((a, b) => compareOffsets(a[1], b[1]))) {
    if (entry.data_offsets[0] !== end) throw damaged(`tensor "${name}" does not follow the one before it`);
    end = entry.data_offsets[1];
  }
  return { entries: new Map(entries), metadata };
}

/** Bytes of all tensors together. */
export const dataLength = (entries: SafetensorsHeader['entries']): number =>
  [...entries.values()].reduce((end, { data_offsets: offsets }) => Math.max(end, offsets[1]), 0);

function volume(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

function view(
  data: Uint8Array,
  { dtype, shape, data_offsets: [begin, end] }: SafetensorsEntry,
): StoredTensor {
  const part = data.subarray(begin, end);
  // Not part.slice(): a Buffer's slice is a view.
  const aligned = part.byteOffset % 4 === 0 ? part : new Uint8Array(part);
  const place = [aligned.buffer, aligned.byteOffset, part.length / 4] as const;
  return { shape, data: dtype === 'F32' ? new Float32Array(...place) : new Int32Array(...place) };
}

/** Empty tensors share an offset with the next one, so the end decides. */
function compareOffsets(a: SafetensorsEntry, b: SafetensorsEntry): number {
  return a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1];
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new TypeError('not an object');
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((v) => typeof v === 'string')
  );
}

function isEntry(value: unknown): value is SafetensorsEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  return typeof dtype === 'string' && isSizes(shape) && isSizes(offsets) && offsets.length === 2;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
