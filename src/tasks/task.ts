/** What differs between the paper's two tasks, in one place each; see docs/paper.md. */

import type { QueryRecord } from '../catalog/item.js';
import type { Encoder } from '../encode/encoder.js';
import type { GroundedEncoderOptions } from '../encode/groundedEncoder.js';
import type { CompositeWeights } from '../reward/composite.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Config } from '../run/config.js';

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
  /** What the rows of a set are that sub-queries found, for a set diffusion whose rows may be anything. */
  readonly rows: 'items' | 'sub-queries';
  /** How sub-queries are encoded, where that is not how queries are. */
  subQueryEncoder?(encoder: Encoder, catalog: GroundedEncoderOptions): Encoder;
}

/** The name of a task, as configs have it. */
export type TaskName = Config['task'];
