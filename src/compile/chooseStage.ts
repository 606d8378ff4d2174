/** The last stage: every method is compared on the validation queries, and the best one is what the run answers by. */
import type { Choice } from '../choose/choice.js';
import { chooseMethod } from '../choose/chooseMethod.js';
import { setQuality } from '../choose/setQuality.js';
import { openSpace } from '../retrieve/loadRun.js';
import { budgetOf } from '../tasks/tasks.js';
import type { StageContext, StageSummary } from './stage.js';

const NO_QUERIES = 'there are no validation queries to compare methods on: auto is plain search';

export async function chooseStage(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace, runtime, policy, blind, signal, onProgress } = context;
  const budget = budgetOf(config, workspace.items.length);
  const started = performance.now();
  const quality = await setQuality({ workspace, config, ...blind, signal });
  let choice: Choice | undefined;
  if (quality) {
    const { space, release } = await openSpace({ run, config, workspace, policy, runtime, signal });
    try {
      const { k, seed } = config;
      choice = await chooseMethod(space, { quality, k, budget, seed, signal, onProgress });
    } finally {
      await release();
    }
  }
  if (!choice) onProgress?.({ stage: 'choose', done: 1, total: 1, warning: NO_QUERIES });
  return { seconds: (performance.now() - started) / 1000, ...(choice ?? { queries: 0 }) };
}
