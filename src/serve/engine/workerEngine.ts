import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { withoutTelemetry } from '../../engine/telemetry.js';
import { IndexError, InputError } from '../../errors.js';
import type { CatalogMap, Info } from '../http/schemas.js';
import type { BatchAnswer, CatalogState, Engine, EngineFacts, ItemChange, SearchJob } from './engine.js';

export interface WorkerInput {
  readonly folder: string;
  /** Threads of one operator. */
  readonly threads: number;
}

export interface Call {
  readonly id: number;
  readonly method: Exclude<keyof Engine, 'facts'>;
  readonly args: unknown[];
}

interface PlainError {
  readonly message: string;
  readonly stack?: string;
  readonly input: boolean;
  readonly index: boolean;
}

/** The thread's first message tells of its loading, as call `LOADING`. */
export const LOADING = -1;
export type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: PlainError });

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** An engine in a thread of its own. */
export class WorkerEngine implements Engine {
  /** Resolves if the thread ends by itself. */
  readonly died: Promise<Error>;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #facts!: EngineFacts;
  #ended = false;

  private constructor(private readonly worker: Worker) {
    let cause: Error | undefined;
    this.died = new Promise((resolve) => {
      worker.on('error', (error: Error) => {
        cause = error;
      });
      worker.on('exit', (code) => {
        const error = cause ?? new Error(`the search thread ended with code ${code}`);
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
        if (!this.#ended) resolve(error);
        this.#ended = true;
      });
    });
    worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('error' in reply) waiting?.reject(revived(reply.error));
      else waiting?.resolve(reply.value);
    });
  }

  /** @throws InputError if the folder holds no run that can be searched */
  static async load(input: WorkerInput): Promise<WorkerEngine> {
    const engine = new WorkerEngine(startWorker(input));
    try {
      engine.#facts = await engine.#reply<EngineFacts>(LOADING);
      return engine;
    } catch (error) {
      engine.#ended = true;
      await engine.worker.terminate();
      throw error;
    }
  }

  get facts(): EngineFacts {
    return this.#facts;
  }

  search(jobs: readonly SearchJob[], milliseconds: number): Promise<BatchAnswer> {
    return this.#call('search', jobs, milliseconds);
  }

  apply(changes: readonly ItemChange[]): Promise<CatalogState> {
    return this.#call('apply', changes);
  }

  state(): Promise<CatalogState> {
    return this.#call('state');
  }

  fields(): Promise<Info['catalog']['fields']> {
    return this.#call('fields');
  }

  map(limit: number): Promise<CatalogMap> {
    return this.#call('map', limit);
  }

  imageFile(id: string): Promise<string | undefined> {
    return this.#call('imageFile', id);
  }

  /** Lets the calls under way end, then the thread. */
  async close(): Promise<void> {
    if (this.#ended) return;
    await this.#call('close').catch(() => {});
    this.#ended = true;
    await this.worker.terminate();
  }

  #call<T>(method: Call['method'], ...args: unknown[]): Promise<T> {
    if (this.#ended) return Promise.reject(new Error('the search thread has ended'));
    const id = this.#calls++;
    const reply = this.#reply<T>(id);
    this.worker.postMessage({ id, method, args } satisfies Call);
    return reply;
  }

  #reply<T>(id: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }
}

/** Runs `worker.js`; from the sources `worker.ts`, through jiti. */
function startWorker(workerData: WorkerInput): Worker {
  withoutTelemetry();
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('worker.js', import.meta.url), { workerData });
  const jiti = pathToFileURL(createRequire(import.meta.url).resolve('jiti')).href;
  const entry = JSON.stringify(new URL('worker.ts', import.meta.url).href);
  const code = `import(${JSON.stringify(jiti)}).then(({ createJiti }) => createJiti(${entry}).import(${entry}))`;
  return new Worker(code, { eval: true, workerData });
}

function revived({ message, stack, input, index }: PlainError): Error {
  if (input) return new InputError(message);
  if (index) return new IndexError(message);
  const error = new Error(message);
  error.stack = stack;
  return error;
}
