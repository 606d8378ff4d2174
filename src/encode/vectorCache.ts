/** Vectors that were paid for, on disk. */
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdir, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DamagedFileError } from '../errors.js';
import { writeError } from '../files.js';
import { readError } from '../inputFile.js';
import { type Matrix, matrix, row } from '../matrix.js';

export interface VectorCacheOptions {
  /** Made when the first vector is added. */
  readonly folder: string;
  /** Whether vectors can be added (true). */
  readonly write?: boolean;
}

const HASH_BYTES = 32;
/** What is kept of a row beside its vector: the hash of the text, and that of the vector, so that damage is not taken for one. */
const ENTRY_BYTES = 2 * HASH_BYTES;

/**
 * The vectors of one model by their texts. Every writer has two files of its own, `<model>-<dim>-<writer>.vectors` (float32, little
 * endian) and `.entries` (SHA-256 of each text and of its vector), and reads those of all others there were when it was opened: so processes that work on
 * one run at once cannot disturb each other, and what a crash has torn at the end of a file is passed over.
 */
export class VectorCache {
  /** Key of a text -> file and row of its vector. */
  readonly #places = new Map<
    string,
    { readonly file: string; readonly row: number; readonly hash: string }
  >();
  readonly #own: string;
  #written = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly dim: number,
    readonly write: boolean,
    private readonly folder: string,
    prefix: string,
  ) {
    this.#own = join(folder, `${prefix}${randomBytes(6).toString('hex')}`);
  }

  /** Length of the vectors of a model that is in the folder; undefined if none is. */
  static async dimOf(folder: string, model: string): Promise<number | undefined> {
    const start = `${modelHash(model)}-`;
    const name = (await fileNames(folder)).find((file) => file.startsWith(start));
    return name === undefined ? undefined : Number(name.slice(start.length).split('-')[0]);
  }

  /** @throws InputError if a file in the folder may not be read */
  static async open(
    model: string,
    dim: number,
    { folder, write = true }: VectorCacheOptions,
  ): Promise<VectorCache> {
    const prefix = `${modelHash(model)}-${dim}-`;
    const cache = new VectorCache(dim, write, folder, prefix);
    for (const name of await fileNames(folder)) {
      if (name.startsWith(prefix) && name.endsWith('.entries'))
        await cache.#read(join(folder, name.slice(0, -'.entries'.length)));
    }
    return cache;
  }

  async #read(file: string): Promise<void> {
    try {
      const entries = await readFile(`${file}.entries`);
      const { size } = await stat(`${file}.vectors`);
      const rows = Math.min(Math.floor(entries.length / ENTRY_BYTES), Math.floor(size / (4 * this.dim)));
      for (let i = 0; i < rows; i++) {
        const entry = entries.toString('latin1', i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES);
        const hash = entry.slice(HASH_BYTES);
        this.#places.set(entry.slice(0, HASH_BYTES), { file, row: i, hash });
      }
    } catch (error) {
      throw readError(error, file);
    }
  }

  has(text: string): boolean {
    return this.#places.has(hashOf(text));
  }

  /**
   * Vectors of texts which are all there: -> [texts.length, dim].
   *
   * @throws DamagedFileError if one is not what was kept
   */
  async get(texts: readonly string[]): Promise<Matrix> {
    const out = matrix(texts.length, this.dim);
    const perFile = new Map<
      string,
      { readonly from: number; readonly to: number; readonly hash: string }[]
    >();
    texts.forEach((text, to) => {
      const place = this.#places.get(hashOf(text));
      if (!place) throw new RangeError(`no vector is kept of "${text}"`);
      const wanted = perFile.get(place.file);
      const row = { from: place.row, to, hash: place.hash };
      if (wanted) wanted.push(row);
      else perFile.set(place.file, [row]);
    });
    for (const [file, wanted] of perFile) {
      await using handle = await open(`${file}.vectors`);
      for (const { from, to, hash } of wanted) {
        const target = row(out, to);
        const bytes = bytesOf(target);
        await handle.read(bytes, 0, bytes.length, from * bytes.length);
        if (hashOf(bytes) === hash) continue;
        const remedy = 'delete it, and its texts are encoded again';
        throw new DamagedFileError('holds other bytes than were written (SHA-256)', remedy, {
          file: `${file}.vectors`,
        });
      }
    }
    return out;
  }

  /**
   * Keeps vectors [texts.length, dim] of texts.
   *
   * @throws R4tError if the files cannot be written
   */
  async add(texts: readonly string[], vectors: Matrix): Promise<void> {
    if (!this.write) return;
    this.#writing = this.#writing.then(() => this.#append(texts, vectors));
    await this.#writing;
  }

  async #append(texts: readonly string[], vectors: Matrix): Promise<void> {
    const { data } = vectors;
    const hashes = texts.map((_, i) => hashOf(bytesOf(row(vectors, i))));
    const entries = texts.map((text, i) => `${hashOf(text)}${hashes[i]}`);
    try {
      await mkdir(this.folder, { recursive: true });
      // The vectors first: an entry without a vector would be a promise that cannot be kept.
      await appendFile(`${this.#own}.vectors`, bytesOf(data));
      await appendFile(`${this.#own}.entries`, Buffer.from(entries.join(''), 'latin1'));
    } catch (error) {
      throw writeError(error, this.#own);
    }
    for (const [i, text] of texts.entries()) {
      this.#places.set(hashOf(text), { file: this.#own, row: this.#written++, hash: hashes[i] });
    }
  }
}

const hashOf = (content: string | Uint8Array): string =>
  createHash('sha256')
    .update(content)
    .digest('latin1' as 'binary');

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const modelHash = (model: string): string => createHash('sha256').update(model).digest('hex').slice(0, 12);

async function fileNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw readError(error, folder);
  }
}
