/** Step 3 of R4T: the set denoiser learns from the synthesised sets. */
import { saveDiffusion } from '../diffusion/modelFiles.js';
import { trainDiffusion } from '../diffusion/trainDiffusion.js';
import { countParameters } from '../engine/index.js';
import { splitQueries } from '../run/workspace.js';
import { readSets } from '../synthesis/synthesize.js';
import { checkpointed, type StageContext, type StageSummary } from './stage.js';

export async function diffusionStage(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace, runtime, signal } = context;
  const { preset, sampler, samplerSteps, guidance, ...training } = config.diffusion;
  const queries = await splitQueries(workspace, 'train', signal);
  const sets = await readSets({
    folder: run.path('synthesis'),
    queries: queries.texts.length,
    vectors: workspace.vectors,
    rewardQuantile: config.synthesis.rewardQuantile,
  });
  const { result: model, seconds } = await checkpointed(context, 'diffusion', (control) =>
    trainDiffusion({
      data: { conditions: queries.vectors, ...sets },
      network: preset,
      ...training,
      seed: config.seed,
      runtime,
      ...control,
    }),
  );
  await saveDiffusion(run.path('diffusion'), model, { steps: samplerSteps, sampler, guidance });
  return { seconds, parameters: countParameters(model.parameters), sets: sets.queryOf.length };
}
