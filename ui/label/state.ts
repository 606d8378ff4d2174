/** The state of the labelling: where it is in its queries, and the two sets of each. */
import { batch, computed, signal } from '@preact/signals';
import { blindOrder } from '../../src/labels/blindOrder.js';
import { choiceBetween } from '../../src/labels/labels.js';
import type { Method } from '../../src/retrieve/methodNames.js';
import type { FoundItem, LabelTask, SetResult } from '../../src/serve/http/schemas.js';
import { ServiceError, search } from '../explorer/api.ts';
import { judgeItem, judgeSet, labelsOf, loadLabels, say, task } from '../shared/labels.ts';

/** The two sides of the page; which method is on which is not said. */
export const SIDES = ['A', 'B'] as const;
export type Side = 0 | 1;

/** Number of the query that is asked about; as many as there are queries: the end. */
export const place = signal(0);
/** The sets of the queries that were fetched, in the order shown. */
const fetched = signal<ReadonlyMap<string, readonly [SetResult, SetResult]>>(new Map());
export const failure = signal<ServiceError | undefined>(undefined);
/** The item that has the focus or the pointer. */
export const pointed = signal<{ side: Side; id: string } | undefined>(undefined);

export const query = computed(() => task.value?.queries[place.value]);
export const pair = computed(() => (query.value === undefined ? undefined : fetched.value.get(query.value)));

/** What was decided about a query, if anything was. */
export const decision = (asked: string, { methods }: LabelTask) => choiceBetween(labelsOf(asked), methods);

/** Which of the queries are decided, in their order. */
export const decided = computed(
  () => task.value?.queries.map((asked) => decision(asked, task.value!) !== undefined) ?? [],
);
export const done = computed(() => decided.value.filter(Boolean).length);

export async function start(): Promise<void> {
  try {
    failure.value = undefined;
    await loadLabels();
    if (task.peek()) go(nextOpen(0));
  } catch (error) {
    fail(error);
  }
}

/** The first query from a place on that is not decided; the end where there is none. */
function nextOpen(from: number): number {
  const { queries } = task.peek()!;
  const after = decided.peek().indexOf(false, from);
  const any = after === -1 ? decided.peek().indexOf(false) : after;
  return any === -1 ? queries.length : any;
}

/** Shows a query; that of the end is the summary, which is loaded anew. */
export function go(to: number): void {
  const { queries } = task.peek()!;
  batch(() => {
    place.value = Math.max(0, Math.min(queries.length, to));
    pointed.value = undefined;
  });
  window.scrollTo({ top: 0 });
  if (place.peek() === queries.length) void loadLabels().catch(fail);
  else void fetchSets(queries[place.peek()]).then(() => prefetch(place.peek() + 1));
}

const prefetch = (at: number): void => {
  const next = task.peek()?.queries[at];
  if (next !== undefined) void fetchSets(next, true);
};

const under = new Set<string>();

async function fetchSets(asked: string, isAhead = false): Promise<void> {
  const { methods, k, seed } = task.peek()!;
  if (fetched.peek().has(asked) || under.has(asked)) return;
  under.add(asked);
  try {
    const order = blindOrder<Method>(methods, seed, asked);
    const request = { query: asked, methods: order, k };
    const { results } = await search(request, new AbortController().signal);
    fetched.value = new Map(fetched.peek()).set(asked, [results[0], results[1]]);
    failure.value = undefined;
  } catch (error) {
    if (!isAhead) fail(error);
  } finally {
    under.delete(asked);
  }
}

/** Asks again after something went wrong. */
export function retry(): void {
  if (task.peek()) go(place.peek());
  else void start();
}

/** Which method stands on a side: its name is sent with what is said of its set, and shown at the end only. */
const setOn = (side: Side) => {
  const { methods, seed } = task.peek()!;
  const asked = query.peek()!;
  const items = pair.peek()?.[side].items.map(({ id }: FoundItem) => id) ?? [];
  return { method: blindOrder<Method>(methods, seed, asked)[side], items };
};

export const shownSet = setOn;

/** Says which set is better, and goes on to the next query that is open. */
export async function choose(better: Side | 'equal'): Promise<void> {
  const [asked, at] = [query.peek(), place.peek()];
  if (asked === undefined || !pair.peek()) return;
  const sets: [ReturnType<typeof setOn>, ReturnType<typeof setOn>] = [setOn(0), setOn(1)];
  const kept = say({ query: asked, sets, better: better === 'equal' ? better : sets[better].method });
  // What is not kept must be seen where it was said.
  if ((await kept) && place.peek() === at) go(nextOpen(at + 1));
}

export function judge(side: Side, id: string, verdict: 'up' | 'down'): void {
  judgeItem(query.peek()!, id, verdict, setOn(side).method);
}

/** A whole set fits, or is taken back. */
export function allFit(side: Side): void {
  if (pair.peek()) judgeSet(query.peek()!, setOn(side), 'up');
}

function fail(error: unknown): void {
  failure.value = error instanceof ServiceError ? error : new ServiceError(String(error), 0);
}
