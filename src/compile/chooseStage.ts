/** The last stage: every method is compared on the validation queries, and the best one is what the run answers by. */
import type { Choice } from '../choose/choice.js';
import { chooseMethod } from '../choose/chooseMethod.js';
import { setQuality } from '../choose/setQuality.js';
import { openSpace } from '../retrieve/loadRun.js';
import type { StageContext, StageSummary } from './stage.js';

export async function chooseStage(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace, runtime, policy, blind, signal, onProgress } = context;
  const started = performance.now();
  const quality = await setQuality({ workspace, config, ...blind, signal });
  let choice: Choice | undefined;
  if (quality) {
    const { space, release } = await openSpace({ run, config, workspace, policy, runtime, signal });
    try {
      const { k, seed } = config;
      choice = await chooseMethod(space, { quality, k, seed, signal, onProgress });
    } finally {
      await release();
    }
  }
  const warning = doubtOf(choice);
  if (warning !== undefined) onProgress?.({ stage: 'choose', done: 1, total: 1, warning });
  return { seconds: (performance.now() - started) / 1000, ...(choice ?? { queries: 0 }) };
}

/** What is not sure about a choice; undefined where nothing is. */
export function doubtOf(choice: Choice | undefined): string | undefined {
  if (!choice) return 'there are no validation queries to compare methods on: auto is plain search';
  const { chosen, queries, unclear } = choice;
  if (unclear.length === 0) return undefined;
  return `${queries} validation ${queries === 1 ? 'query is' : 'queries are'} too few to be sure that ${chosen} is better than ${unclear.join(' and ')}`;
}
