/** Ray's Jobs REST API (https://docs.ray.io/en/latest/cluster/running-applications/job-submission/api.html). */
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { InputError, R4tError } from '../errors.js';

/** Ray could not be reached, or refused. CLI exit code 1. */
export class RayError extends R4tError {
  override name = 'RayError';
  constructor(
    message: string,
    readonly url: string,
    /** HTTP status; absent if no answer came at all. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const jobSchema = z.object({
  status: z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED']),
  message: z.string().nullish(),
  /** Milliseconds since 1970. */
  start_time: z.number().nullish(),
  end_time: z.number().nullish(),
});

export type RayJob = z.output<typeof jobSchema>;

/** Whether the job has ended, well or not. */
export const hasEnded = ({ status }: RayJob): boolean => status !== 'PENDING' && status !== 'RUNNING';

export interface SubmitOptions {
  /** Names the job; one that is taken is refused. */
  readonly id: string;
  /** Shell command, in the package's folder. */
  readonly entrypoint: string;
  /** Name of an uploaded package. */
  readonly package: string;
  readonly env: Readonly<Record<string, string>>;
  readonly gpus?: number;
}

const PORT = 8265;
/** Where Ray Client listens, which knows no jobs. */
const CLIENT_PORT = '10001';
const TIMEOUT = 60_000;

/**
 * The address of the dashboard, which takes jobs: `http://head:8265`, or `ray://head`, whose port is 8265 where it says none.
 *
 * @throws InputError for another address
 */
export function rayAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['http:', 'https:', 'ray:'].includes(url.protocol) || url.hostname === '')
    throw new InputError(`is "${address}"; write it like ray://head:${PORT} or http://head:${PORT}`, {
      field: '--on',
    });
  if (url.port === CLIENT_PORT)
    throw new InputError(
      `names port ${CLIENT_PORT}, that of Ray Client; jobs go to the dashboard, as a rule port ${PORT}`,
      { field: '--on' },
    );
  if (url.protocol !== 'ray:') return address.replace(/\/+$/, '');
  return `http://${url.hostname}:${url.port || PORT}`;
}

export class RayJobs {
  constructor(
    /** Of the dashboard, without a slash at its end. */
    private readonly url: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** @returns undefined where there is no such job */
  async find(id: string): Promise<RayJob | undefined> {
    const said = await this.#call('GET', `/api/jobs/${id}`, { missing: true });
    return said === undefined ? undefined : jobSchema.parse(JSON.parse(said));
  }

  /** Everything that the job has printed so far. */
  async logs(id: string): Promise<string> {
    const said = await this.#call('GET', `/api/jobs/${id}/logs`);
    return z.object({ logs: z.string().nullish() }).parse(JSON.parse(said ?? '{}')).logs ?? '';
  }

  /** Stores a zip file under a name, unless one is there. */
  async upload(name: string, zip: Uint8Array): Promise<void> {
    if ((await this.#call('GET', `/api/packages/gcs/${name}`, { missing: true })) !== undefined) return;
    await this.#call('PUT', `/api/packages/gcs/${name}`, { body: zip });
  }

  async submit({ id, entrypoint, package: name, env, gpus }: SubmitOptions): Promise<void> {
    const job = {
      submission_id: id,
      entrypoint,
      runtime_env: { working_dir: `gcs://${name}`, env_vars: env },
      metadata: { by: 'r4t train' },
      ...(gpus && { entrypoint_num_gpus: gpus }),
    };
    await this.#call('POST', '/api/jobs/', { body: JSON.stringify(job), type: 'application/json' });
  }

  /** Asks the job to end; it has ended some seconds later. */
  async stop(id: string): Promise<void> {
    await this.#call('POST', `/api/jobs/${id}/stop`);
  }

  async #call(
    method: string,
    path: string,
    { body, type, missing = false }: { body?: string | Uint8Array; type?: string; missing?: boolean } = {},
  ): Promise<string | undefined> {
    const url = this.url + path;
    const timeout = AbortSignal.timeout(TIMEOUT);
    const signal = this.signal ? AbortSignal.any([this.signal, timeout]) : timeout;
    const headers = {
      ...(type && { 'Content-Type': type }),
      'Content-Length': Buffer.byteLength(body ?? ''),
    };
    let answer: Answer;
    try {
      answer = await request(url, { method, headers, signal }, body);
    } catch (cause) {
      this.signal?.throwIfAborted();
      const reason = timeout.aborted ? `did not answer within ${TIMEOUT / 1000} s` : 'cannot be reached';
      throw new RayError(`Ray at ${this.url} ${reason}; is its dashboard running there?`, url, undefined, {
        cause,
      });
    }
    const { status, said } = answer;
    if (status < 300) return said;
    if (status === 404 && missing) return undefined;
    const last = said.trim().split('\n').at(-1) ?? '';
    throw new RayError(`${url} answered ${status}: ${last.slice(0, 300)}`, url, status);
  }
}

interface Answer {
  readonly status: number;
  readonly said: string;
}

/** By `node:http`: the dashboard takes what `fetch` sends for a browser's, which may change nothing. */
function request(url: string, options: http.RequestOptions, body?: string | Uint8Array): Promise<Answer> {
  const { request: start } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const sent = start(url, options, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, said }), reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
