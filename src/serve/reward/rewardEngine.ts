/** The reward of a run for completions that were written elsewhere. */
import type { QueryRecord } from '../../catalog/item.js';
import { normalizeKey } from '../../catalog/normalizeKey.js';
import { type CompiledReward, compiledReward, rewardWithoutLabels } from '../../compile/compiledReward.js';
import { RunJudge } from '../../compile/runJudge.js';
import type { Encoder } from '../../encode/encoder.js';
import type { RuntimeOptions } from '../../engine/index.js';
import type { QueryBatch } from '../../environment.js';
import { InputError } from '../../errors.js';
import { gatherRows } from '../../matrix.js';
import { retrieveFanOuts } from '../../policy/fanOut.js';
import { completionOf } from '../../policy/written/writingPolicy.js';
import { type LoadedRun, loadRun } from '../../retrieve/loadRun.js';
import { evaluateReward } from '../../reward/evaluateReward.js';
import type { RewardResult } from '../../reward/reward.js';
import { rewardIsFunction } from '../../run/manifest.js';
import { budgetOf } from '../../tasks/tasks.js';
import { subQueriesIn } from './completionText.js';

export interface LoadRewardOptions extends RuntimeOptions {
  /** The text encoder the run was compiled with, where that was your own. */
  readonly encoder?: Encoder;
  readonly signal?: AbortSignal;
}

/** A completion and the search that it is for. */
export interface Written {
  readonly query: string;
  readonly completion: string;
}

/** A reward, and whether the completion had any sub-query. */
export interface Rewarded extends RewardResult {
  readonly usable: boolean;
}

/** How a completion of a query is rewarded: by the reference sets that there are, or without. */
interface Known {
  readonly text: string;
  readonly references: readonly (readonly number[])[];
}

/** A pure function of the run and what it is asked; nothing is remembered but what is only computed again. */
export class RewardEngine {
  readonly #known = new Map<string, { text: string; references: (readonly number[])[] }>();

  private constructor(
    private readonly loaded: LoadedRun,
    private readonly labelled: CompiledReward,
    private readonly blind: CompiledReward,
    private readonly judge: RunJudge,
  ) {
    for (const record of loaded.workspace.queries) this.#keep(record);
  }

  /**
   * Needs a run whose encode stage is done.
   *
   * @throws InputError if the folder holds no such run, or its reward was a function that only its compilation had
   */
  static async load(folder: string, options: LoadRewardOptions = {}): Promise<RewardEngine> {
    const { encoder, signal, ...runtime } = options;
    const loaded = await loadRun(folder, { ...runtime, encoder, signal, methods: ['plain'] });
    const { run, config, workspace } = loaded;
    const queries = workspace.queries.map(({ query }) => query);
    const judge = new RunJudge({ run, config, workspace, runtime, queries, signal });
    try {
      if (rewardIsFunction(run.manifest))
        throw new InputError(
          'was compiled with a function as its reward or judge, which is not stored; name a module in the config and compile again',
          { file: folder, field: 'reward' },
        );
      const options = { run, config, workspace, judge };
      const [labelled, blind] = [await compiledReward(options), await rewardWithoutLabels(options)];
      return new RewardEngine(loaded, labelled, blind, judge);
    } catch (error) {
      await judge.release();
      await loaded.release();
      throw error;
    }
  }

  get name(): string {
    return this.loaded.run.folder;
  }

  /** Sub-queries a completion. */
  get k(): number {
    return this.loaded.config.k;
  }

  /**
   * One result for each completion. Where people chose several sets for a query, it is the mean over these. Sets of test queries are
   * not looked at: nothing shall be trained on what it is tested on.
   *
   * @returns an error in place of a result that the reward refuses
   */
  async reward(asked: readonly Written[], signal?: AbortSignal): Promise<(Rewarded | Error)[]> {
    const { workspace } = this.loaded;
    const known = asked.map(({ query }) => this.#find(query));
    const texts = [...new Set(known.map(({ text }) => text))];
    const vectors = await workspace.encoder.encode(texts, { signal });
    const rowOf = new Map(texts.map((text, i) => [text, i]));
    const written = asked.map(({ completion }, i) => subQueriesIn(completion, this.k, known[i].text));
    // A query of several sets is one row for each.
    const rows = known.flatMap(({ references }, i) =>
      references.length > 0
        ? references.map((reference) => ({ asked: i, reference }))
        : [{ asked: i, reference: [] as readonly number[] }],
    );
    const results: (RewardResult | Error)[][] = asked.map(() => []);
    for (const hasSet of [true, false]) {
      const own = rows.filter(({ reference }) => reference.length > 0 === hasSet);
      if (own.length === 0) continue;
      const { reward, judge, countsBudget } = hasSet ? this.labelled : this.blind;
      const queries: QueryBatch = {
        texts: own.map((one) => known[one.asked].text),
        vectors: gatherRows(
          vectors,
          own.map((one) => rowOf.get(known[one.asked].text)!),
        ),
        references: own.map(({ reference }) => reference),
      };
      const completions = own.map((one, query) => ({
        ...completionOf(written[one.asked].subQueries, this.k),
        query,
      }));
      const budget = countsBudget ? budgetOf(this.loaded.config, workspace.items.length) : undefined;
      const fanOuts = await retrieveFanOuts(
        completions,
        queries,
        { ...workspace, judge },
        { budget, signal },
      );
      fanOuts.forEach((fanOut, i) => {
        results[own[i].asked].push(attempt(() => evaluateReward(reward, fanOut)));
      });
    }
    return results.map((some, i) => {
      const failed = some.find((one) => one instanceof Error);
      return failed ?? { ...meanResult(some as RewardResult[]), usable: written[i].usable };
    });
  }

  async release(): Promise<void> {
    await this.judge.release();
    await this.loaded.release();
  }

  #keep({ query, split, items }: QueryRecord): void {
    const key = normalizeKey(query);
    const known = this.#known.get(key) ?? { text: query, references: [] };
    if (split !== 'test' && items.length > 0) known.references.push(items);
    this.#known.set(key, known);
  }

  #find(query: string): Known {
    return this.#known.get(normalizeKey(query)) ?? { text: query, references: [] };
  }
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** The mean of results that have the same components. */
function meanResult(results: readonly RewardResult[]): RewardResult {
  const [first] = results;
  if (results.length === 1) return first;
  const mean = (of: (result: RewardResult) => number) =>
    results.reduce((sum, result) => sum + of(result), 0) / results.length;
  const components = Object.keys(first.components).map((name) => [
    name,
    {
      raw: mean(({ components }) => components[name].raw),
      normalized: mean(({ components }) => components[name].normalized),
    },
  ]);
  return {
    reward: mean(({ reward }) => reward),
    components: Object.fromEntries(components),
    gains: first.gains?.map((_, place) => mean(({ gains }) => gains![place])),
  };
}
