/** Run folders that need no training: what the stages would have written. */
import type { TempFolder } from '../../catalog/testing/tempFolder.js';
import type { Choice } from '../../choose/choice.js';
import type { CompileStage } from '../../compile/stage.js';
import { writeJson } from '../../files.js';
import type { UserConfig } from '../../run/config.js';
import { type MetricsLine, MetricsLog } from '../../run/metricsLog.js';
import { parseConfig } from '../../run/parseConfig.js';
import { RunFolder } from '../../run/runFolder.js';

export interface SketchedRun {
  readonly run: RunFolder;
  /** Appends the figures of one training step, a second of work each. */
  step(
    stage: 'warm-start' | 'policy' | 'diffusion',
    step: number,
    figures?: Record<string, number>,
  ): Promise<void>;
  probe(step: number, subQueries: readonly string[]): Promise<void>;
  finish(...stages: CompileStage[]): Promise<void>;
  /** Notes what a comparison of all methods has found. */
  choose(choice: Choice): Promise<void>;
}

/** A run of 4 warm-start steps, 10 policy steps and 20 diffusion steps, none of them done. */
export async function sketchRun(
  temp: TempFolder,
  name: string,
  config: UserConfig = {},
): Promise<SketchedRun> {
  const fingerprint = { file: 'catalog.jsonl', sha256: 'cafe' };
  const run = await RunFolder.create(temp.path(name), {
    config: parseConfig({
      ...config,
      policy: { warmStartSteps: 4, steps: 10, ...config.policy },
      diffusion: { steps: 20, ...config.diffusion },
    }),
    catalog: { ...fingerprint, items: 72 },
    encoder: 'letters',
  });
  await writeJson(run.path('encode', 'queries.json'), [
    { query: 'tents', items: [], split: 'train' },
    { query: 'boots', items: [], split: 'valid' },
  ]);
  const append = async (file: string, line: MetricsLine) => {
    await using log = await MetricsLog.open(file, { fromStep: line.step });
    await log.append(line);
  };
  return {
    run,
    step: (stage, step, figures = { loss: 1 / (step + 1) }) =>
      append(run.path(stage, 'metrics.jsonl'), { step, ...figures, seconds: step + 1 }),
    probe: (step, subQueries) => {
      const line = { step, probes: [{ query: 'boots', subQueries }] };
      return append(run.path('policy', 'probes.jsonl'), line);
    },
    async finish(...stages) {
      for (const stage of stages) await run.finishStage(stage, { seconds: 90 });
    },
    choose: (choice) => run.finishStage('choose', { seconds: 90, ...choice }),
  };
}

/** Figures of a policy step with the reward's components. */
export const policyFigures = (reward: number, duplicateShare = 0.1): Record<string, number> => ({
  reward,
  groundedness: reward,
  'groundedness.raw': reward,
  kl: 0.01,
  entropy: 1.2,
  duplicateShare,
  loss: 0.1,
});
