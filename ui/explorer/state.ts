/** The state of the page, and the requests that follow from it. */
import { batch, computed, effect, signal } from '@preact/signals';
import type { Method } from '../../src/retrieve/methodNames.js';
import type { CatalogMap, FoundItem, Info, SetResult, Timings } from '../../src/serve/http/schemas.js';
import { loadLabels } from '../shared/labels.ts';
import { getInfo, getMap, ServiceError, search } from './api.ts';
import { defaultMethods, METHODS } from './methods.ts';
import { formatAddress, parseAddress, type Question, requestOf } from './request.ts';

/** What a column shows: the last answer stays until the next one is there. */
export interface Answer {
  readonly result: SetResult;
  readonly timings: Timings;
  /** What it answers. */
  readonly asked: Question;
  /** Items that were asked for. */
  readonly k: number;
}

export const question = signal<Question>(parseAddress(window.location.search));
export const info = signal<Info | undefined>(undefined);
export const catalogMap = signal<CatalogMap | undefined>(undefined);
export const answers = signal<Partial<Record<Method, Answer>>>({});
/** Methods whose answer is older than the question. */
export const waiting = signal<ReadonlySet<Method>>(new Set());
export const failure = signal<ServiceError | undefined>(undefined);
/** The item under the pointer or the focus, wherever it is shown. */
export const pointed = signal<string | undefined>(undefined);
/** The item whose details are open. */
export const opened = signal<{ item: FoundItem; method: Method } | undefined>(undefined);

/** The methods of the columns; none before it is known what the run can do. */
export const methods = computed(() =>
  info.value ? (question.value.methods ?? defaultMethods(info.value)) : [],
);
export const k = computed(() => question.value.k ?? info.value?.k ?? 10);
export const steps = computed(() => question.value.steps ?? info.value?.steps ?? undefined);
/** Why a method cannot answer here. */
export const missing = computed(
  () => new Map(info.value?.methods.map(({ method, missing }) => [method, missing])),
);
/** The diversity of methods that have one, where the question says none. */
export const usualDiversity = computed(
  () =>
    new Map(
      info.value?.methods.flatMap(({ method, diversity }) =>
        diversity === undefined ? [] : [[method, diversity] as const],
      ),
    ),
);
/** The query's reference set, where the run has one. */
export const reference = computed(() =>
  methods.value.map((m) => answers.value[m]?.result.reference).find((found) => found !== undefined),
);
export const chosen = computed(() => new Set(reference.value?.items));
/** In how many of the shown sets an item is. */
export const sharedBy = computed(() => {
  const counts = new Map<string, number>();
  for (const method of methods.value)
    for (const { id } of answers.value[method]?.result.items ?? []) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
});

export function ask(change: Partial<Question>): void {
  question.value = { ...question.peek(), ...change };
}

/** Another query begins at its best items, with all of them. */
export function askFor(query: string): void {
  ask({ query, offset: 0, exclude: [] });
}

export function toggleMethod(method: Method): void {
  const [shown, run] = [methods.peek(), info.peek()];
  if (!run || (!shown.includes(method) && missing.peek().get(method) !== undefined)) return;
  const next = METHODS.filter((m) => (m === method ? !shown.includes(m) : shown.includes(m)));
  const isDefault = next.join() === defaultMethods(run).join();
  if (next.length > 0) ask({ methods: isDefault ? undefined : next });
}

export function removeFilter(filter: string): void {
  ask({ filters: question.peek().filters.filter((f) => f !== filter) });
}

/** Titles of items that were left out, which no answer has any more. */
const leftOut = new Map<string, string>();

/** "Not this one". */
export function exclude({ id, title }: Pick<FoundItem, 'id' | 'title'>): void {
  leftOut.set(id, title);
  ask({ exclude: [...question.peek().exclude.filter((other) => other !== id), id] });
}

/** The title of an item that is left out; in a fresh page it is looked up on the map. */
export function excludedTitle(id: string): string {
  const place = catalogMap.value?.ids.indexOf(id) ?? -1;
  return leftOut.get(id) ?? catalogMap.value?.titles[place] ?? id;
}

/** Loads what does not change with the question. */
export async function loadRun(): Promise<void> {
  failure.value = undefined;
  // Beside the rest, so that sets can be marked as soon as they are there. Where a service keeps no labels there is nothing to mark.
  const labels = loadLabels().catch(() => {});
  try {
    const run = await getInfo();
    await labels;
    info.value = run;
    catalogMap.value = await getMap();
  } catch (error) {
    fail(error);
  }
}

/** Keys typed within this time of each other are one question; the first after a pause is asked at once. */
const DEBOUNCE_MS = 25;

let controller = new AbortController();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Asks again whenever the question changes. Each method has a request of its own: the fast ones need not wait. */
export function start(): void {
  void loadRun();
  let changed = Number.NEGATIVE_INFINITY;
  effect(() => {
    const asked = question.value;
    const columns = methods.value;
    history.replaceState(null, '', `${window.location.pathname}${formatAddress(asked)}`);
    clearTimeout(timer);
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    if (asked.query.trim() === '') {
      batch(() => {
        waiting.value = new Set();
        answers.value = {};
        if (info.peek()) failure.value = undefined;
      });
      return;
    }
    waiting.value = new Set(columns);
    const now = performance.now();
    timer = setTimeout(
      () => void sendAll(asked, columns, signal),
      now - changed < DEBOUNCE_MS ? DEBOUNCE_MS : 0,
    );
    changed = now;
  });
  window.addEventListener('popstate', () => {
    question.value = parseAddress(window.location.search);
  });
}

/** Asks the same again, e.g. after the server was away. */
export function retry(): void {
  if (!info.peek()) void loadRun();
  ask({});
}

async function sendAll(asked: Question, columns: readonly Method[], signal: AbortSignal): Promise<void> {
  const settled = await Promise.all(columns.map((method) => send(asked, method, signal)));
  if (signal.aborted || columns.length === 0) return;
  batch(() => {
    failure.value = settled.find((error) => error !== undefined);
    // A column that was closed must not come back with an old set.
    answers.value = Object.fromEntries(
      columns.flatMap((m) => (answers.peek()[m] ? [[m, answers.peek()[m]]] : [])),
    );
  });
}

async function send(asked: Question, method: Method, signal: AbortSignal): Promise<ServiceError | undefined> {
  const wanted = k.peek();
  try {
    const request = requestOf(asked, method, usualDiversity.peek().has(method));
    const { results, timings } = await search(request, signal);
    if (signal.aborted) return undefined;
    batch(() => {
      answers.value = { ...answers.peek(), [method]: { result: results[0], timings, asked, k: wanted } };
      done(method);
    });
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    done(method);
    return error instanceof ServiceError ? error : new ServiceError(String(error), 0);
  }
}

function done(method: Method): void {
  const left = new Set(waiting.peek());
  left.delete(method);
  waiting.value = left;
}

function fail(error: unknown): void {
  failure.value = error instanceof ServiceError ? error : new ServiceError(String(error), 0);
}

/** Words to begin with: some of the larger categories, not only the largest, which tend to be left-overs. */
export const suggestions = computed((): string[] => {
  const { categories = [], category = [] } = catalogMap.value ?? {};
  const counts = new Array<number>(categories.length).fill(0);
  for (const c of category) if (c >= 0) counts[c]++;
  const order = [...categories.keys()].sort((x, y) => counts[y] - counts[x]).slice(0, 24);
  const every = Math.max(1, Math.floor(order.length / 6));
  return order.filter((_, i) => i % every === every - 1).map((c) => categories[c]);
});
