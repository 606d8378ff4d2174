/** Step 2 of R4T: the trained policy, frozen, or the user's own writes sets for the training queries. */
import { synthesisSettings } from '../run/config.js';
import { splitQueries } from '../run/workspace.js';
import { readSets, synthesize } from '../synthesis/synthesize.js';
import { openPolicy, rowsOf } from './builtInPolicy.js';
import type { StageContext, StageSummary } from './stage.js';

/** Sets a query, where the config does not say (docs/paper.md, Synthesis). */
const SAMPLES_PER_QUERY = { small: 16, paper: 128 } as const;

export async function synthesisStage(context: StageContext): Promise<StageSummary> {
  const { run, config, task, workspace, reward, budget, signal, onProgress } = context;
  const started = performance.now();
  const { temperature, topP } = synthesisSettings(config);
  const { samplesPerQuery = SAMPLES_PER_QUERY[config.diffusion.preset] } = config.synthesis;
  const policy = context.policy ?? (await openPolicy(context, 'trained'));
  const queries = await splitQueries(workspace, 'train', signal);
  const folder = run.path('synthesis');
  try {
    await synthesize({
      policy,
      world: workspace,
      queries,
      // A query without a reference set has no reward to be known; its sets are worth learning from all the same.
      reward: (fanOut) => (task.trains({ items: fanOut.reference }) ? reward(fanOut) : 0),
      rows: rowsOf(context),
      samplesPerQuery,
      temperature,
      topP,
      budget,
      seed: config.seed,
      folder,
      signal,
      onProgress,
    });
  } finally {
    if (!context.policy) await policy.release?.();
  }
  const { rewards } = await readSets({ folder, queries: queries.texts.length, vectors: workspace.vectors });
  const meanReward = rewards.reduce((sum, r) => sum + r, 0) / rewards.length;
  return { seconds: (performance.now() - started) / 1000, sets: rewards.length, meanReward };
}
