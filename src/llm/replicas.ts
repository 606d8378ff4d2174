/** Several servers of one model: each request goes to the least busy, and to another one where that fails, stalls or lies. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonAnswer } from './askJson.js';
import { ChatError } from './chatError.js';
import { type ChatEndpoint, MAX_RETRIES, placeOf } from './endpoint.js';

export interface ReplicasOptions {
  /** At least one. */
  readonly endpoints: readonly ChatEndpoint[];
  /** Milliseconds that a replica is set aside after its first failure in a row; doubled with each further one (1000). */
  readonly pauseMs?: number;
}

/** What one of them has done since it was opened. */
export interface ReplicaCount {
  readonly place: string;
  /** Answers of use. */
  readonly answers: number;
  /** Input and output tokens of all its answers. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

interface Replica {
  readonly endpoint: ChatEndpoint;
  readonly place: string;
  outstanding: number;
  answers: number;
  inputTokens: number;
  outputTokens: number;
  /** Failures in a row. */
  failures: number;
  /** Failures in all. */
  failed: number;
  /** Useless answers in a row. */
  useless: number;
  /** Not asked before this moment. */
  asideUntil: number;
  /** Whether its last failure is none that passes: a wrong key, another model. */
  refuses: boolean;
}

/** Useless answers in a row after which a replica is taken for broken: a model may be at a loss now and then. */
const USELESS = 3;
/** Longest pause, and that after what does not pass by itself. */
const LONGEST_MS = 60_000;

export class Replicas {
  readonly #replicas: readonly Replica[];
  readonly #pauseMs: number;

  constructor({ endpoints, pauseMs = 1000 }: ReplicasOptions) {
    this.#pauseMs = pauseMs;
    this.#replicas = endpoints.map((endpoint) => ({
      // Another replica is asked instead of the same one again.
      endpoint: endpoints.length > 1 ? { ...endpointOf(endpoint), maxRetries: 0 } : endpoint,
      place: placeOf(endpoint),
      outstanding: 0,
      answers: 0,
      inputTokens: 0,
      outputTokens: 0,
      failures: 0,
      failed: 0,
      useless: 0,
      asideUntil: 0,
      refuses: false,
    }));
  }

  get counts(): readonly ReplicaCount[] {
    return this.#replicas;
  }

  /**
   * Asks one replica, and others until one has an answer of use. What two of them have none for is the question's fault: then the answer
   * says what was wrong.
   *
   * @param ask asks an endpoint; throws ChatError where it fails
   * @param onWarning told of replicas that are set aside, by their places
   * @throws ChatError if six attempts have failed, or no replica is left that does not refuse
   */
  async ask<T>(
    ask: (endpoint: ChatEndpoint) => Promise<JsonAnswer<T>>,
    { signal, onWarning }: { readonly signal?: AbortSignal; readonly onWarning?: (warning: string) => void },
  ): Promise<JsonAnswer<T>> {
    if (this.#replicas.length === 1) return this.#askOnly(ask);
    const mute = new Set<Replica>();
    let useless: JsonAnswer<T> | undefined;
    for (let failures = 0; ; ) {
      const replica = await this.#next(mute, signal);
      const started = performance.now();
      replica.outstanding++;
      try {
        const answer = await ask(replica.endpoint);
        checkModel(answer, replica);
        count(replica, answer);
        if (answer.value !== undefined) return answer;
        mute.add(replica);
        if (mute.size === 2) return answer;
        useless = answer;
        if (++replica.useless >= USELESS)
          this.#setAside(replica, started, `has no usable answer (${answer.problem})`, { onWarning });
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof ChatError)) throw error;
        this.#setAside(replica, started, error.message, { error, onWarning });
        const refused = this.#replicas.every(({ refuses }) => refuses);
        if (++failures <= MAX_RETRIES && !refused) continue;
        if (useless) return useless;
        throw error;
      } finally {
        replica.outstanding--;
      }
    }
  }

  async #askOnly<T>(ask: (endpoint: ChatEndpoint) => Promise<JsonAnswer<T>>): Promise<JsonAnswer<T>> {
    const [only] = this.#replicas;
    const answer = await ask(only.endpoint);
    count(only, answer);
    return answer;
  }

  /** The least busy one that is not set aside, if it is not one of those that had no answer; waits for it. */
  async #next(mute: ReadonlySet<Replica>, signal?: AbortSignal): Promise<Replica> {
    const asked = this.#replicas.filter((replica) => !mute.has(replica));
    for (;;) {
      signal?.throwIfAborted();
      const now = performance.now();
      const [best] = asked
        .filter(({ asideUntil }) => asideUntil <= now)
        .sort((a, b) => a.outstanding - b.outstanding || a.answers - b.answers);
      if (best) return best;
      const until = Math.min(...asked.map(({ asideUntil }) => asideUntil));
      await sleep(Math.ceil(until - now), undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }

  #setAside(
    replica: Replica,
    started: number,
    reason: string,
    { error, onWarning }: { readonly error?: ChatError; readonly onWarning?: (warning: string) => void },
  ): void {
    const now = performance.now();
    replica.failed++;
    // Of requests that were under way together, one failure counts: the others tell nothing new.
    if (replica.failures > 0 && started < replica.asideUntil) return;
    replica.refuses = error !== undefined && refuses(error);
    const pause = Math.min(LONGEST_MS, this.#pauseMs * 2 ** replica.failures++);
    const asked = 1000 * (error?.retryAfter ?? 0);
    const wait = replica.refuses ? LONGEST_MS : Math.min(LONGEST_MS, Math.max(pause, asked));
    replica.asideUntil = now + wait;
    // The first, the tenth, the hundredth: more would hide what else is told.
    if (!/^10*$/.test(`${replica.failed}`)) return;
    const seconds = Math.max(1, Math.round(wait / 1000));
    onWarning?.(`${replica.place} is set aside for ${seconds} s, the others are asked: ${reason}`);
  }
}

/** The settings, those that are read when they are asked for included. */
const endpointOf = (endpoint: ChatEndpoint): ChatEndpoint =>
  Object.defineProperties({}, Object.getOwnPropertyDescriptors(endpoint)) as ChatEndpoint;

function count(replica: Replica, { value, usage }: JsonAnswer<unknown>): void {
  replica.inputTokens += usage.inputTokens;
  replica.outputTokens += usage.outputTokens;
  if (value === undefined) return;
  replica.answers++;
  replica.failures = 0;
  replica.useless = 0;
  replica.refuses = false;
}

/** Status codes of what may pass. */
const PASSING = new Set([408, 409, 425, 429]);

const refuses = ({ status }: ChatError): boolean =>
  status !== undefined && (status < 300 ? false : status < 500 && !PASSING.has(status));

/**
 * Hosts write the name of a model in longer and shorter forms; neither being a part of the other, it is another one.
 *
 * @throws ChatError where another model has answered
 */
function checkModel({ model }: JsonAnswer<unknown>, { endpoint, place }: Replica): void {
  if (!model) return;
  const [said, asked] = [model.toLowerCase(), endpoint.model.toLowerCase()];
  if (said.includes(asked) || asked.includes(said)) return;
  throw new ChatError(`${place} answers as "${model}", not as "${endpoint.model}"`, place, 404);
}
