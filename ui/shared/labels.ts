/** What was said of items and sets: told to the service, and shown at once. */
import { batch, computed, signal } from '@preact/signals';
import { normalizeKey } from '../../src/catalog/normalizeKey.js';
import type { Judgment, Verdict } from '../../src/labels/judgment.js';
import { judged, type Labels, type QueryLabels, setKey, verdictOf } from '../../src/labels/labels.js';
import type { MethodSummary } from '../../src/labels/summary.js';
import type { Method } from '../../src/retrieve/methodNames.js';
import type { LabelTask } from '../../src/serve/http/schemas.js';
import { getLabels, ServiceError, sendLabels } from '../explorer/api.ts';

/** What the service has on disk. */
const kept = signal<Labels>(new Map());
/** What is on its way there. */
const pending = signal<readonly Judgment[]>([]);

export const labels = computed(() => judged(kept.value, pending.value));
/** Whether the service keeps labels at all. */
export const canLabel = signal(false);
export const task = signal<LabelTask | undefined>(undefined);
/** What all labels said of methods when they were last loaded. */
export const summary = signal<readonly MethodSummary[]>([]);
/** Why the last judgment was not kept. */
export const unkept = signal<ServiceError | undefined>(undefined);

/** @throws ServiceError where the service keeps none, or does not answer */
export async function loadLabels(): Promise<void> {
  const answer = await getLabels();
  batch(() => {
    kept.value = judged(new Map(), answer.judgments);
    task.value = answer.task;
    summary.value = answer.methods;
    canLabel.value = true;
  });
}

export const labelsOf = (query: string): QueryLabels | undefined => labels.value.get(normalizeKey(query));

/** Says something; it counts at once, and no more if the service cannot keep it. */
export async function say(judgment: Judgment): Promise<boolean> {
  // Sent again after a lost answer, it is recorded once.
  const named: Judgment = { ...judgment, id: crypto.randomUUID() };
  pending.value = [...pending.peek(), named];
  const arrived = await send(named);
  batch(() => {
    pending.value = pending.peek().filter((other) => other !== named);
    if (arrived) kept.value = judged(kept.peek(), [named]);
  });
  return arrived;
}

const TRIES = 3;

async function send(judgment: Judgment): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      await sendLabels({ judgments: [judgment] });
      unkept.value = undefined;
      return true;
    } catch (error) {
      const problem = error instanceof ServiceError ? error : new ServiceError(String(error), 0);
      if (problem.status === 0 && tries < TRIES) {
        await new Promise((resolve) => setTimeout(resolve, 300 * tries));
        continue;
      }
      unkept.value = problem;
      return false;
    }
  }
}

/** What an item counts as, and a set as a whole. */
export const itemVerdict = (query: string, item: string): Verdict => {
  const said = labelsOf(query);
  return (said && verdictOf(said, item)) ?? 'none';
};
export const setVerdict = (query: string, set: { method: Method; items: string[] }): Verdict =>
  labelsOf(query)?.sets.get(setKey(set))?.verdict ?? 'none';

/** The same said again takes it back; an item of a liked set is taken out of it by saying that it is not on topic. */
export function judgeItem(query: string, item: string, verdict: 'up' | 'down', method?: Method): void {
  const isSaid = labelsOf(query)?.items.get(item) === verdict;
  void say({ query, item, verdict: isSaid ? 'none' : verdict, ...(method && { method }) });
}
export function judgeSet(
  query: string,
  set: { method: Method; items: string[] },
  verdict: 'up' | 'down',
): void {
  void say({ query, ...set, verdict: setVerdict(query, set) === verdict ? 'none' : verdict });
}
