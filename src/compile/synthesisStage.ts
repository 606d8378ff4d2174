/** Step 2 of R4T: the trained policy, frozen, or one that is used as it is writes sets for the training queries. */
import { RecordedPolicy } from '../policy/written/recordedPolicy.js';
import { WritingPolicy } from '../policy/written/writingPolicy.js';
import { synthesisSettings } from '../run/config.js';
import { readSets, synthesize } from '../synthesis/synthesize.js';
import { rowsOf, type StageContext, type StageSummary } from './stage.js';
import { knownReward, trainingQueries } from './trainingQueries.js';
import { openTrainedPolicy } from './tuneStages.js';

/** Sets a query, where the config does not say (docs/paper.md, Synthesis); of a language model, which takes its time, few. */
const SAMPLES_PER_QUERY = { small: 16, paper: 128, written: 4 } as const;

export async function synthesisStage(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace, budget, signal, onProgress } = context;
  const started = performance.now();
  const { temperature, topP } = synthesisSettings(config);
  const { samplesPerQuery = usualSamples(context) } = config.synthesis;
  const own = context.policy ? undefined : await openTrainedPolicy(context, 'trained');
  const queries = await trainingQueries(context);
  const folder = run.path('synthesis');
  try {
    // Of all queries at once, so that what it takes can be told; the shards find it written.
    if (context.policy instanceof WritingPolicy)
      await context.policy.sample({
        queries: queries.texts,
        vectors: queries.vectors,
        samplesPerQuery,
        temperature,
        topP,
        seed: config.seed,
        signal,
      });
    await synthesize({
      policy: context.policy ?? own!.policy,
      world: workspace,
      queries,
      reward: knownReward(context),
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
    await own?.release();
  }
  const { rewards } = await readSets({ folder, queries: queries.texts.length, vectors: workspace.vectors });
  const meanReward = rewards.reduce((sum, r) => sum + r, 0) / rewards.length;
  return { seconds: (performance.now() - started) / 1000, sets: rewards.length, meanReward };
}

function usualSamples({ policy, config }: StageContext): number {
  if (policy instanceof RecordedPolicy) return policy.samplesPerQuery;
  return SAMPLES_PER_QUERY[policy instanceof WritingPolicy ? 'written' : config.diffusion.preset];
}
