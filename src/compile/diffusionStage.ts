/** Step 3 of R4T: the set denoiser learns from the synthesised sets. */
import { synthesisSettings } from '../run/config.js';
import { readSets } from '../synthesis/synthesize.js';
import { fitDiffusion } from './fitDiffusion.js';
import { checkpointed, type StageContext, type StageSummary } from './stage.js';
import { trainingQueries } from './trainingQueries.js';

export async function diffusionStage(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace } = context;
  const queries = await trainingQueries(context);
  const sets = await readSets({
    folder: run.path('synthesis'),
    queries: queries.texts.length,
    vectors: workspace.vectors,
    rewardQuantile: synthesisSettings(config).rewardQuantile,
  });
  const { result, seconds } = await checkpointed(context, 'diffusion', (control) =>
    fitDiffusion(context, queries, sets, run.path('diffusion'), control),
  );
  return { seconds, ...result };
}
