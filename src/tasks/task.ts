/** What differs between the paper's two tasks, in one place each; see docs/paper.md. */

import type { QueryRecord } from '../catalog/item.js';
import type { NetworkConfig } from '../diffusion/config.js';
import type { Encoder } from '../encode/encoder.js';
import type { GroundedEncoderOptions } from '../encode/groundedEncoder.js';
import type { QueryBatch } from '../environment.js';
import type { CompositeWeights } from '../reward/composite.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Config, PolicySettings, UserConfig } from '../run/config.js';

/** What the built-in policy may write as a sub-query. */
export type Writes = NonNullable<PolicySettings['writes']>;

export interface Task {
  /** The option that gives it its training queries. */
  readonly option: 'queries' | 'sets';
  /** B: distinct items which all sub-queries of a query retrieve together; undefined where the best of each is looked at. */
  budget(config: Pick<Config, 'k' | 'budget'>, items: number): number | undefined;
  /** The paper's reward. */
  paperReward(weights: CompositeWeights): RewardFunction;
  /** The queries to learn from and to test with, of those with a reference set and those without. */
  queries(withSets: readonly QueryRecord[], open: readonly QueryRecord[]): readonly QueryRecord[];
  /** Whether a query can be trained with. */
  trains(query: Pick<QueryRecord, 'items'>): boolean;
  /** The part of a batch that the reward can judge. */
  judged(queries: QueryBatch): QueryBatch;
  /** What the rows of a synthesised set are. */
  readonly rows: 'items' | 'sub-queries';
  /** What the policy writes, and whether reference sets guide its warm start. */
  readonly writes: Writes;
  readonly guided: boolean;
  /** How sub-queries are encoded, where that is not how queries are. */
  subQueryEncoder?(encoder: Encoder, catalog: GroundedEncoderOptions): Encoder;
  /** Words of a query that the set diffusion reads beside its vector. */
  readonly conditionWords: number;
  /** The set diffusion's network; `dimensions` of the rows. */
  network(network: NetworkConfig, dimensions: number): NetworkConfig;
  /** Sets drawn for a query at serving time, of which the best is kept, and anchors near the query. */
  candidates(config: Config): number;
  nearAnchors(writes: Writes): number;
  /** The steps of each training and what else an experiment's recipe sets; see `experimentConfig`. */
  readonly recipe: Recipe;
}

/** What `bench quality` trains with. */
export interface Recipe {
  readonly warmStartSteps: number;
  readonly policy: UserConfig['policy'];
  readonly diffusion: UserConfig['diffusion'];
}

/** The name of a task, as configs have it. */
export type TaskName = Config['task'];
