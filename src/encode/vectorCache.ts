/** Vectors that were paid for, on disk. */
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdir, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../files.js';
import { readError } from '../inputFile.js';
import { type Matrix, matrix, row } from '../matrix.js';

export interface VectorCacheOptions {
  /** Made when the first vector is added. */
  readonly folder: string;
  /** Whether vectors can be added (true). */
  readonly write?: boolean;
}

const KEY_BYTES = 32;

/**
 * The vectors of one model by their texts. Every writer has two files of its own, `<model>-<dim>-<writer>.vectors` (float32, little
 * endian) and `.keys` (SHA-256 of each text), and reads those of all others there were when it was opened: so processes that work on
 * one run at once cannot disturb each other, and what a crash has torn at the end of a file is passed over.
 */
export class VectorCache {
  /** Key of a text -> file and row of its vector. */
  readonly #places = new Map<string, { readonly file: string; readonly row: number }>();
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
      if (name.startsWith(prefix) && name.endsWith('.keys'))
        await cache.#read(join(folder, name.slice(0, -5)));
    }
    return cache;
  }

  async #read(file: string): Promise<void> {
    try {
      const keys = await readFile(`${file}.keys`);
      const { size } = await stat(`${file}.vectors`);
      const rows = Math.min(Math.floor(keys.length / KEY_BYTES), Math.floor(size / (4 * this.dim)));
      for (let i = 0; i < rows; i++) {
        const key = keys.toString('latin1', i * KEY_BYTES, (i + 1) * KEY_BYTES);
        this.#places.set(key, { file, row: i });
      }
    } catch (error) {
      throw readError(error, file);
    }
  }

  has(text: string): boolean {
    return this.#places.has(keyOf(text));
  }

  /** Vectors of texts which are all there: -> [texts.length, dim]. */
  async get(texts: readonly string[]): Promise<Matrix> {
    const out = matrix(texts.length, this.dim);
    const perFile = new Map<string, { readonly from: number; readonly to: number }[]>();
    texts.forEach((text, to) => {
      const place = this.#places.get(keyOf(text));
      if (!place) throw new RangeError(`no vector is kept of "${text}"`);
      const wanted = perFile.get(place.file);
      if (wanted) wanted.push({ from: place.row, to });
      else perFile.set(place.file, [{ from: place.row, to }]);
    });
    for (const [file, wanted] of perFile) {
      await using handle = await open(`${file}.vectors`);
      for (const { from, to } of wanted) {
        const target = row(out, to);
        const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
        await handle.read(bytes, 0, bytes.length, from * bytes.length);
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

  async #append(texts: readonly string[], { data }: Matrix): Promise<void> {
    const keys = texts.map(keyOf);
    try {
      await mkdir(this.folder, { recursive: true });
      // The vectors first: a key without a vector would be a promise that cannot be kept.
      await appendFile(`${this.#own}.vectors`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      await appendFile(`${this.#own}.keys`, Buffer.from(keys.join(''), 'latin1'));
    } catch (error) {
      throw writeError(error, this.#own);
    }
    for (const key of keys) this.#places.set(key, { file: this.#own, row: this.#written++ });
  }
}

const keyOf = (text: string): string =>
  createHash('sha256')
    .update(text)
    .digest('latin1' as 'binary');

const modelHash = (model: string): string => createHash('sha256').update(model).digest('hex').slice(0, 12);

async function fileNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw readError(error, folder);
  }
}
