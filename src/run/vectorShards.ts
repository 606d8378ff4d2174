/**
 * A catalog's vectors as files of a run, each a block of the exact index: of a catalog of one block `vectors`, of a larger one also the
 * block's codes of 8 bits.
 */
import { closeSync, openSync, read, readSync } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodeSafetensorsHeader, readSafetensorsHeader, type SafetensorsEntry } from '../engine/index.js';
import { DamagedFileError, InputError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { checkInputFile } from '../inputFile.js';
import { type Matrix, matrix, rowRange, type StoredRows, type VectorTable } from '../matrix.js';
import { memoryForVectors } from '../memory.js';
import { blocksOf } from '../vectorIndex/blocks.js';
import { type CodedRows, encodeRows } from '../vectorIndex/codes.js';
import type { CodeSource, ExactIndexOptions } from '../vectorIndex/exactIndex.js';

const WHOLE = 'vectors.safetensors';
const SHARD = /^vectors(-\d{5}-of-\d{5})?\.safetensors$/;

/** The files of so many shards, in order. */
export function shardNames(shards: number): string[] {
  if (shards <= 1) return [WHOLE];
  const number = (n: number) => String(n).padStart(5, '0');
  return Array.from(
    { length: shards },
    (_, i) => `vectors-${number(i + 1)}-of-${number(shards)}.safetensors`,
  );
}

/** Whether a file of the encode stage holds vectors. */
export const isShard = (name: string): boolean => SHARD.test(name);

/**
 * Writes vectors as they come, so that a shard of them is in memory at most. Shards that are there already, of an earlier call that was
 * stopped, are not written again.
 *
 * @example
 * const writer = new ShardWriter(folder, { rows: 1_000_000, cols: 256 });
 * for (let start = await writer.start(); start < 1_000_000; start += 8192) await writer.add(await encode(start, start + 8192));
 */
export class ShardWriter {
  readonly #blocks: [number, number][];
  readonly #names: string[];
  #shard = 0;
  #part: Matrix | undefined;
  #filled = 0;

  constructor(
    private readonly folder: string,
    private readonly shape: { readonly rows: number; readonly cols: number },
    blockValues?: number,
  ) {
    const blocks = blocksOf(shape.rows, shape.cols, blockValues);
    this.#blocks = blocks.length > 0 ? blocks : [[0, 0]];
    this.#names = shardNames(this.#blocks.length);
  }

  /** The first row that is not in a file yet. */
  async start(): Promise<number> {
    while (this.#shard < this.#names.length && (await exists(join(this.folder, this.#names[this.#shard]))))
      this.#shard++;
    return this.#blocks[this.#shard]?.[0] ?? this.shape.rows;
  }

  /** The next rows; a shard is written when all of it is there. */
  async add(rows: Matrix): Promise<void> {
    for (let from = 0; from < rows.rows || this.shape.rows === 0; ) {
      const [start, end] = this.#blocks[this.#shard];
      this.#part ??= matrix(end - start, this.shape.cols);
      const some = rowRange(rows, from, Math.min(rows.rows, from + this.#part.rows - this.#filled));
      this.#part.data.set(some.data, this.#filled * this.shape.cols);
      this.#filled += some.rows;
      from += some.rows;
      if (this.#filled < this.#part.rows) return;
      await writeShard(join(this.folder, this.#names[this.#shard]), this.#part, this.#blocks.length > 1);
      this.#shard++;
      this.#part = undefined;
      this.#filled = 0;
      if (this.shape.rows === 0) return;
    }
  }
}

async function writeShard(file: string, vectors: Matrix, withCodes: boolean): Promise<void> {
  const { rows, cols } = vectors;
  const coded = withCodes ? encodeRows(vectors) : undefined;
  const header = encodeSafetensorsHeader(
    {
      vectors: { dtype: 'F32', shape: [rows, cols] },
      ...(coded && {
        scales: { dtype: 'F32', shape: [rows] },
        codes: { dtype: 'I8', shape: [cols, rows] },
      }),
    },
    coded && { error: String(coded.error), norm: String(coded.norm) },
  );
  const parts = [vectors.data, ...(coded ? [coded.scales, coded.codes] : [])];
  await writeFileAtomic(
    file,
    (async function* () {
      yield header;
      for (const { buffer, byteOffset, byteLength } of parts)
        for (let at = 0; at < byteLength; at += WRITTEN)
          yield new Uint8Array(buffer, byteOffset + at, Math.min(WRITTEN, byteLength - at));
    })(),
  );
}

/** Bytes written at once. */
const WRITTEN = 2 ** 22;

interface Shard {
  readonly file: string;
  readonly descriptor: number;
  readonly firstRow: number;
  readonly rows: number;
  /** Where the bytes of each tensor begin. */
  readonly at: { readonly vectors: number; readonly scales?: number; readonly codes?: number };
  readonly bounds: Pick<CodedRows, 'error' | 'norm'>;
}

/** The vectors of a run where they lie, on disk. */
export class VectorShards implements StoredRows {
  readonly rows: number;

  private constructor(
    private readonly shards: readonly Shard[],
    readonly cols: number,
  ) {
    this.rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
  }

  /** @throws InputError if a file is missing, DamagedFileError if it is not what was written */
  static async open(folder: string, names: readonly string[]): Promise<VectorShards> {
    const shards: Shard[] = [];
    let cols = 0;
    let firstRow = 0;
    try {
      for (const name of names) {
        const file = join(folder, name);
        const { entries, metadata, start } = await headerOf(file);
        const vectors = entries.get('vectors');
        if (vectors?.dtype !== 'F32' || vectors.shape.length !== 2) {
          throw new InputError('has no matrix "vectors"; it is damaged or of another program', { file });
        }
        const [rows, length] = vectors.shape;
        cols = length;
        const place = (entry: SafetensorsEntry) => start + entry.data_offsets[0];
        const [scales, codes] = [entries.get('scales'), entries.get('codes')];
        const at = {
          vectors: place(vectors),
          ...(scales && codes && { scales: place(scales), codes: place(codes) }),
        };
        const bounds = { error: Number(metadata.error), norm: Number(metadata.norm) };
        shards.push({ file, descriptor: openSync(file, 'r'), firstRow, rows, at, bounds });
        firstRow += rows;
      }
    } catch (error) {
      for (const { descriptor } of shards) closeSync(descriptor);
      throw error;
    }
    return new VectorShards(shards, cols);
  }

  read(start: number, end: number): Matrix {
    const out = matrix(end - start, this.cols);
    // All but the last have as many rows as the first.
    let i = Math.floor(start / Math.max(1, this.shards[0].rows));
    for (let from = start; from < end; i++) {
      const { descriptor, firstRow, rows, at, file } = this.shards[i];
      const to = Math.min(end, firstRow + rows);
      const bytes = bytesOf(rowRange(out, from - start, to - start).data);
      const place = at.vectors + 4 * this.cols * (from - firstRow);
      for (let done = 0; done < bytes.length; ) {
        const count = readSync(
          descriptor,
          bytes,
          done,
          Math.min(MOST_READ, bytes.length - done),
          place + done,
        );
        if (count === 0) throw cutShort(file);
        done += count;
      }
      from = to;
    }
    return out;
  }

  /** Those of whole shards. */
  readonly codes: CodeSource = {
    read: (start, end) => {
      const shard = this.#coded(start, end);
      return shard && this.#readCodes(shard);
    },
    bounds: (start, end) => this.#coded(start, end)?.bounds,
  };

  close(): void {
    for (const { descriptor } of this.shards) closeSync(descriptor);
  }

  #coded(start: number, end: number): Shard | undefined {
    return this.shards.find(
      ({ firstRow, rows, at }) => firstRow === start && rows === end - start && at.codes !== undefined,
    );
  }

  async #readCodes({ rows, at, bounds, descriptor, file }: Shard): Promise<CodedRows> {
    const codes = new Int8Array(rows * this.cols);
    const scales = new Float32Array(rows);
    for (const [into, place] of [
      [codes, at.codes!],
      [scales, at.scales!],
    ] as const) {
      const bytes = bytesOf(into);
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(MOST_READ, bytes.length - done);
        const { bytesRead } = await readAt(descriptor, bytes, done, length, place + done);
        if (bytesRead === 0) throw cutShort(file);
        done += bytesRead;
      }
    }
    return { codes, scales, ...bounds };
  }
}

/** Vectors of a run, and how they are searched. */
export interface LoadedVectors {
  readonly vectors: VectorTable;
  readonly index: Pick<ExactIndexOptions, 'codes' | 'holdsCodes'>;
  /** Closes the files that are still read. */
  close(): void;
}

/**
 * Vectors in memory where they and their index fit there; else they stay on disk, and so do the codes that searches begin with where
 * not even those fit.
 *
 * @throws InputError if a file is missing or damaged
 */
export async function loadVectors(folder: string, names: readonly string[]): Promise<LoadedVectors> {
  const shards = await VectorShards.open(folder, names);
  const { vectors: bytes, index: indexBytes } = vectorMemory(shards);
  const most = memoryForVectors();
  const index = { codes: shards.codes, holdsCodes: indexBytes <= most };
  if (bytes + indexBytes > most) return { vectors: shards, index, close: () => shards.close() };
  const vectors = shards.read(0, shards.rows);
  return { vectors, index, close: () => shards.close() };
}

/** Bytes of a catalog's vectors and of an exact index over them, where they are held. */
export function vectorMemory({ rows, cols }: { readonly rows: number; readonly cols: number }) {
  const vectors = 4 * rows * cols;
  return { vectors, index: blocksOf(rows, cols).length > 1 ? rows * (cols + 4) : vectors };
}

const readAt = promisify(read);

/** Most bytes that one call reads. */
const MOST_READ = 2 ** 30;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const cutShort = (file: string) =>
  new DamagedFileError('is cut short', 'compile again with --force', { file });

async function headerOf(file: string) {
  const size = await checkInputFile(file);
  const handle = await open(file);
  try {
    return await readSafetensorsHeader(handle, size, file);
  } finally {
    await handle.close();
  }
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
