/** Runs at an address: fetched by plain GET, as every web server and object store answers it, into the user's cache. */
import { createHash } from 'node:crypto';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { type Checksum, checksumOf, unsealed } from '../checksums.js';
import { InputError, RunFetchError } from '../errors.js';
import { removeTemporaries, writeFileAtomic } from '../files.js';
import type { RunControl } from '../progress.js';
import { type Manifest, parseManifest } from './manifest.js';
import { isRunAddress } from './runAddress.js';

/** Files fetched at once. */
const AT_ONCE = 4;
/** Milliseconds in which a manifest must come. */
const MANIFEST_TIMEOUT = 30_000;
/** Milliseconds for which a copy is kept that has given way to a later one. */
const KEPT = 24 * 3600 * 1000;

export interface RemoteRunOptions {
  /** Folder of copies (that of R4T_CACHE, else `r4t` in the user's cache). */
  readonly cache?: string;
  /** Sent as `Authorization: Bearer <token>` (that of R4T_RUN_TOKEN). */
  readonly token?: string;
}

/** A manifest as it was last seen. */
interface Seen {
  readonly text: string;
  /** SHA-256 of the text. */
  readonly hash: string;
  /** What a request says to get it only where it is another. */
  readonly condition: Readonly<Record<string, string>>;
}

interface RunFile {
  /** Path in the run, with slashes. */
  readonly name: string;
  readonly sum: Checksum;
}

/**
 * The folder of a run: the one that is named, or a verified copy of the one at an address.
 *
 * @throws RunFetchError if a file cannot be fetched or is another than the manifest says
 */
export async function localRun(place: string, control: RunControl = {}): Promise<string> {
  return isRunAddress(place) ? new RemoteRun(place).fetch(control) : place;
}

/**
 * The run at `https://host/path/run`: its manifest is `https://host/path/run/run.json`. A query, such as a signature that
 * holds for the whole folder, is sent with every file.
 */
export class RemoteRun {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #copies: string;
  #seen: Seen | undefined;

  /** @throws InputError if the address is malformed or holds a password */
  constructor(
    address: string,
    { cache = cacheFolder(), token = process.env.R4T_RUN_TOKEN }: RemoteRunOptions = {},
  ) {
    if (!URL.canParse(address))
      throw new InputError('is no address; write it like https://host/path/run', { file: address });
    this.#url = new URL(address);
    if (this.#url.username !== '' || this.#url.password !== '')
      throw new InputError('holds a password; give a token in the environment variable R4T_RUN_TOKEN', {
        file: this.shown,
      });
    this.#headers = { 'Cache-Control': 'no-cache', ...(token && { Authorization: `Bearer ${token}` }) };
    this.#copies = join(cache, 'runs', hashOf(this.shown).slice(0, 16));
  }

  /** The address without what may be secret in it. */
  get shown(): string {
    return `${this.#url.origin}${this.#url.pathname.replace(/\/+$/, '')}`;
  }

  /**
   * Changes whenever the manifest does; asks for it only if it has.
   *
   * @throws RunFetchError if there is no answer
   */
  async signature(signal?: AbortSignal): Promise<string> {
    return (await this.#look(signal)).hash;
  }

  /**
   * Brings what is missing of the run's copy: a file that is there already, as the manifest says, is not fetched again. The copy has
   * a manifest once it is whole.
   *
   * @returns the folder of the copy
   * @throws RunFetchError naming the first file that cannot be fetched or is another than the manifest says
   */
  async fetch({ signal, onProgress }: RunControl = {}): Promise<string> {
    const { text, hash } = await this.#look(signal);
    const file = `${this.shown}/run.json`;
    const manifest = parseManifest(unsealed(parsed(text, file), file, 'upload the run again'), file);
    const version = join(this.#copies, hash.slice(0, 16));
    // The last part of the address is what the run is called.
    const folder = join(version, basename(this.#url.pathname) || 'run');
    const files = filesOf(manifest, file);
    const total = files.reduce((sum, { sum: { bytes } }) => sum + bytes, 0);
    let done = 0;
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const limit = pLimit(AT_ONCE);
    const bring = async (wanted: RunFile) => {
      either.throwIfAborted();
      if (!(await isThere(join(folder, wanted.name), wanted.sum))) await this.#bring(wanted, folder, either);
      done += wanted.sum.bytes;
      onProgress?.({ stage: 'download', done, total });
    };
    // The first failure ends the others, and nothing is being written any more when it is told.
    const ended = await Promise.allSettled(
      files.map((wanted) =>
        limit(() =>
          bring(wanted).catch((error: unknown) => {
            stop.abort(error);
            throw error;
          }),
        ),
      ),
    );
    signal?.throwIfAborted();
    if (stop.signal.aborted || ended.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
    await writeFileAtomic(join(folder, 'run.json'), text);
    for (const stage of Object.keys(manifest.stages)) await removeTemporaries(join(folder, stage));
    await this.#clear(version);
    return folder;
  }

  async #look(signal: AbortSignal | undefined): Promise<Seen> {
    const limited = AbortSignal.timeout(MANIFEST_TIMEOUT);
    const either = signal ? AbortSignal.any([signal, limited]) : limited;
    const response = await this.#get('run.json', either, this.#seen?.condition);
    if (response.status === 304 && this.#seen) return this.#seen;
    const text = await response.text().catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw this.#unreachable('run.json', cause);
    });
    const etag = response.headers.get('etag');
    const modified = response.headers.get('last-modified');
    const condition: Record<string, string> = etag
      ? { 'If-None-Match': etag }
      : // Its seconds are too coarse to trust, unless the last change is long ago.
        modified && Date.now() - Date.parse(modified) > 60_000
        ? { 'If-Modified-Since': modified }
        : {};
    this.#seen = { text, hash: hashOf(text), condition };
    return this.#seen;
  }

  async #bring({ name, sum }: RunFile, folder: string, signal: AbortSignal): Promise<void> {
    const response = await this.#get(name, signal);
    const { shown } = this;
    const hash = createHash('sha256');
    let bytes = 0;
    const verified = async function* () {
      for await (const chunk of response.body ?? []) {
        bytes += chunk.length;
        // More is not worth the disk.
        if (bytes > sum.bytes) break;
        hash.update(chunk);
        yield chunk as Uint8Array;
      }
      signal.throwIfAborted();
      if (bytes === sum.bytes && hash.digest('hex') === sum.sha256) return;
      const problem = bytes === sum.bytes ? 'holds other bytes than' : 'is of another length than';
      throw new RunFetchError(
        `${problem} the run's manifest says; if the run is being uploaded, try again when that is done`,
        `${shown}/${name}`,
      );
    };
    await writeFileAtomic(join(folder, name), verified()).catch((error: unknown) => {
      signal.throwIfAborted();
      // What `fetch` says of a connection that breaks.
      throw error instanceof TypeError ? this.#unreachable(name, error) : error;
    });
  }

  async #get(
    name: string,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const url = new URL(this.#url);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/${name.split('/').map(encodeURIComponent).join('/')}`;
    const ask = () => fetch(url, { headers: { ...this.#headers, ...headers }, signal });
    const response = await ask()
      // A server may close a connection that was kept open at the moment it is used again.
      .catch((cause: unknown) => (wasReset(cause) ? ask() : Promise.reject(cause)))
      .catch((cause: unknown) => {
        if (signal.aborted && signal.reason?.name !== 'TimeoutError') throw signal.reason;
        throw this.#unreachable(name, cause);
      });
    if (response.ok || response.status === 304) return response;
    await response.body?.cancel();
    const { status } = response;
    const file = `${this.shown}/${name}`;
    if (status === 404 && name === 'run.json')
      throw new InputError('is not there; give the address of a folder that compile made', { file });
    const advice = ADVICE[status] ?? 'try again later';
    throw new RunFetchError(`cannot be fetched, the server answers ${status}; ${advice}`, file, { status });
  }

  #unreachable(name: string, cause: unknown): RunFetchError {
    return new RunFetchError(`cannot be fetched: ${reasonOf(cause)}`, `${this.shown}/${name}`, { cause });
  }

  /** Marks a copy as used, and deletes those of the same address that have been out of use for long. */
  async #clear(version: string): Promise<void> {
    const now = new Date();
    await utimes(version, now, now);
    for (const name of await readdir(this.#copies)) {
      const copy = join(this.#copies, name);
      const { mtimeMs } = await stat(copy).catch(() => ({ mtimeMs: now.getTime() }));
      if (now.getTime() - mtimeMs > KEPT) await rm(copy, { recursive: true, force: true });
    }
  }
}

const ADVICE: Readonly<Record<number, string>> = {
  401: 'give a token in the environment variable R4T_RUN_TOKEN',
  403: 'give a token in the environment variable R4T_RUN_TOKEN',
  404: 'upload the whole folder, and run.json last',
};

/** Where copies are kept: R4T_CACHE, else `r4t` in the user's cache. */
const cacheFolder = (): string =>
  process.env.R4T_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'r4t');

/** Every file that the manifest names. */
function filesOf({ stages }: Manifest, file: string): RunFile[] {
  return Object.entries(stages).flatMap(([stage, record]) =>
    Object.entries(record.files).map(([name, sum]) => {
      // It is written under this name: a strange manifest must not choose any other place.
      const isPlain =
        !/[\\:\0]/.test(name) && name.split('/').every((part) => !['', '.', '..'].includes(part));
      if (!isPlain)
        throw new InputError(`names the file ${JSON.stringify(name)}, which is no path in a run`, { file });
      return { name: `${stage}/${name}`, sum };
    }),
  );
}

async function isThere(file: string, { bytes, sha256 }: Checksum): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (found?.size !== bytes) return false;
  return (await checksumOf(file)).sha256 === sha256;
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError(
      'is not the manifest of an r4t run; give the address of a folder that compile made',
      { file },
      { cause },
    );
  }
}

/** Whether an error of `fetch` is that of a connection that was closed before there was an answer. */
function wasReset(error: unknown): boolean {
  const { code } = ((error as Error | undefined)?.cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'UND_ERR_SOCKET';
}

/** Of an error of `fetch`, what stands behind it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (cause instanceof Error) return cause.message || (cause as NodeJS.ErrnoException).code || cause.name;
  return error.message;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
