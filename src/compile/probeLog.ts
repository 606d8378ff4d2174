/** What the policy writes for a few fixed queries in the course of its training: a collapse is visible in its words. */
import { evenly } from '../evenly.js';
import type { Matrix } from '../matrix.js';
import type { Policy } from '../policy/policy.js';
import { MetricsLog } from '../run/metricsLog.js';
import type { Workspace } from '../run/workspace.js';

/** One line of `policy/probes.jsonl`. */
export interface ProbeLine {
  /** Training steps done; 0 is the warm start. */
  readonly step: number;
  readonly probes: readonly { readonly query: string; readonly subQueries: readonly string[] }[];
}

export interface ProbeLogOptions {
  readonly file: string;
  readonly policy: Policy;
  readonly workspace: Workspace;
  /** Steps of the whole training, and those of an earlier session. */
  readonly steps: number;
  readonly doneBefore: number;
  readonly seed: number;
}

const PROBES = 6;
/** Times the probes are asked in a whole training, besides the warm start. */
const ROUNDS = 20;

/** Asks the policy the probe queries now and then. A probe has the same random numbers every time, so only the policy differs. */
export class ProbeLog implements AsyncDisposable {
  private constructor(
    private readonly log: MetricsLog,
    private readonly options: ProbeLogOptions,
    private readonly queries: readonly string[],
    private readonly vectors: Matrix,
  ) {}

  /** Opens the log; at the beginning of a training the warm start answers first. */
  static async open(options: ProbeLogOptions): Promise<ProbeLog> {
    const { file, doneBefore, workspace } = options;
    const queries = probeQueries(workspace);
    const vectors = await workspace.encoder.encode(queries);
    // The line of the step that was saved belongs to what is kept.
    const fromStep = doneBefore > 0 ? doneBefore + 1 : 0;
    const probes = new ProbeLog(await MetricsLog.open(file, { fromStep }), options, queries, vectors);
    if (doneBefore === 0) await probes.ask(0);
    return probes;
  }

  /** To be called after every step, with the policy's parameters up to date. */
  async after(step: number): Promise<void> {
    const { steps } = this.options;
    if (step % Math.ceil(steps / ROUNDS) === 0 || step === steps) await this.ask(step);
  }

  private async ask(step: number): Promise<void> {
    const { policy, seed } = this.options;
    const queries = this.queries;
    const streams = queries.map((_, i) => `probe/${i}`);
    const completions = await policy.sample({ queries, vectors: this.vectors, seed, streams });
    const probes = completions.map(({ query, subQueries }) => ({ query: queries[query], subQueries }));
    const line: ProbeLine = { step, probes };
    await this.log.append({ ...line });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.log.close();
  }
}

/** Spread evenly over the validation queries, so that no probe is trained on; over all queries where there are none. */
function probeQueries({ queries }: Workspace): readonly string[] {
  const valid = queries.filter(({ split }) => split === 'valid');
  const texts = [...new Set((valid.length > 0 ? valid : queries).map(({ query }) => query))];
  return evenly(texts, PROBES);
}
