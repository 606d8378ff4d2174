/** The whole experiment on one data set: queries, a compiled run for every seed, the baselines, the report. */
import { access } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Catalog, loadCatalog } from '../catalog/catalog.js';
import { catalogQueries } from '../catalog/catalogQueries.js';
import type { QueryRecord } from '../catalog/item.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import { loadQueries } from '../catalog/queries.js';
import { queriesForSets } from '../catalog/queriesForSets.js';
import { queryLines } from '../catalog/queryLines.js';
import { loadSets } from '../catalog/sets.js';
import type { CompileOptions } from '../compile/compile.js';
import type { Encoder } from '../encode/encoder.js';
import { InputError } from '../errors.js';
import { evenly } from '../evenly.js';
import { writeFileAtomic } from '../files.js';
import type { RunControl } from '../progress.js';
import type { UserConfig } from '../run/config.js';
import { TASKS } from '../tasks/tasks.js';
import { evaluateRuns } from './evaluateRuns.js';
import type { ReportData } from './results.js';

export type Task = 'oar' | 'wscr';

export interface QualityOptions extends RunControl {
  /** Folder with `catalog.jsonl` and, for `wscr`, `sets.jsonl`; for `oar` perhaps `queries.jsonl` or `sets.jsonl`. */
  readonly data: string;
  readonly task: Task;
  /** Folder for queries, runs and report; an interrupted experiment goes on from what is there. */
  readonly out: string;
  /** B as a share of the catalog (0.035). */
  readonly budget?: number;
  /** One run a seed ([1, 2, 3]; [1] when quick). */
  readonly seeds?: readonly number[];
  /** One seed, fewer queries (docs/cli.md). */
  readonly quick?: boolean;
  /** Train nothing, compare the baselines alone: minutes, one seed (false). */
  readonly baselines?: boolean;
  /** The encoder, and any other setting of the runs; what the recipe sets wins. */
  readonly config?: UserConfig;
  /** Makes an encoder which the reward never saw, from the catalog's texts; undefined where there is none. */
  readonly heldoutEncoder?: (catalog: readonly string[]) => Promise<Encoder | undefined>;
  /** Compiles one run; the default runs it in this process. */
  readonly compile: (options: readonly CompileOptions[], control: RunControl) => Promise<void>;
  /** What makes the report again, for its foot. */
  readonly command: string;
}

/** Queries made for a data set which has none, and the most of all kinds. */
const QUERIES_PER_SET = 4;
const MOST_TRAINING_QUERIES = { full: 8000, quick: 2500 } as const;
const MOST_TEST_QUERIES = { full: 300, quick: 200 } as const;
const MOST_CATALOG_QUERIES = 1500;

/**
 * Runs the experiment and writes its report into `out`.
 *
 * @throws InputError for a data folder that cannot be used
 */
export async function benchQuality(options: QualityOptions): Promise<ReportData> {
  const { data, out, quick = false, baselines = false, signal, onProgress } = options;
  const { seeds = quick || baselines ? [1] : [1, 2, 3] } = options;
  const file = join(data, 'catalog.jsonl');
  const catalog = await loadCatalog(file, { ...options.config?.catalog, signal, onProgress });
  const queries = await experimentQueries(options, catalog);
  const files = { sets: join(out, 'sets.jsonl'), queries: join(out, 'queries.jsonl') };
  const supervised = queries.filter((q) => q.items.length > 0);
  const open = queries.filter((q) => q.items.length === 0);
  if (supervised.length > 0) await writeFileAtomic(files.sets, queryLines(supervised, catalog.items));
  if (open.length > 0) await writeFileAtomic(files.queries, queryLines(open, catalog.items));
  const runs = seeds.map((seed) => join(out, `seed-${seed}`));
  await options.compile(
    seeds.map((seed, i) => ({
      catalog: file,
      out: runs[i],
      ...(supervised.length > 0 && { sets: files.sets }),
      ...(open.length > 0 && { queries: files.queries }),
      config: {
        threads: 1,
        ...options.config,
        ...experimentConfig({ ...options, seed }),
      },
      ...(baselines ? { stage: 'encode' as const } : { ablations: true }),
    })),
    { signal, onProgress },
  );
  return evaluateRuns(runs, {
    out,
    dataset: basename(resolve(data)),
    heldoutEncoder: options.heldoutEncoder,
    command: options.command,
    threads: options.config?.threads ?? 1,
    signal,
    onProgress,
  });
}

/** The recipe is that of every run; nothing in it was chosen on test queries (docs/results.md says on what). */
export const experimentConfig = ({
  task,
  budget,
  seed,
}: Pick<QualityOptions, 'task' | 'budget'> & { readonly seed: number }): UserConfig => ({
  task,
  seed,
  ...(budget !== undefined && { budget }),
});

/** The queries of an experiment, each with its split and, where known, its reference set. */
export async function experimentQueries(
  { data, task, quick = false, signal }: QualityOptions,
  { items, rowOf }: Pick<Catalog, 'items' | 'rowOf'>,
): Promise<QueryRecord[]> {
  const file = (name: string) => join(data, name);
  const setsFile = file('sets.jsonl');
  const hasSets = await exists(setsFile);
  const ownQueries = file('queries.jsonl');
  let queries: QueryRecord[] = [];
  if (hasSets) {
    const sets = await loadSets(setsFile, { rowOf }, { signal });
    queries = queriesForSets({ items, sets, queriesPerSet: QUERIES_PER_SET, seed: 1 });
    if (sets.every((set) => set.query === undefined)) queries = oneQueryAHeldOutSet(queries);
  } else if (TASKS[task].option === 'sets') {
    throw new InputError('is missing; task wscr learns from reference sets', { file: setsFile });
  }
  if (await exists(ownQueries)) queries.push(...(await loadQueries(ownQueries, { signal })));
  const training = queries.filter((q) => q.split === 'train').length;
  // Few queries, or none: the catalog's own words are more. They have no reference set, and are never tested on beside those that have.
  if (training < MOST_CATALOG_QUERIES) {
    const more = catalogQueries(items).slice(0, MOST_CATALOG_QUERIES);
    const known = new Set(queries.map((q) => normalizeKey(q.query)));
    const fresh = more.filter((q) => !known.has(normalizeKey(q.query)));
    queries.push(...(queries.length > 0 ? fresh.filter((q) => q.split === 'train') : fresh));
  }
  const size = quick ? 'quick' : 'full';
  return [
    ...evenly(
      queries.filter((q) => q.split === 'train'),
      MOST_TRAINING_QUERIES[size],
    ),
    ...evenly(
      queries.filter((q) => q.split === 'valid'),
      MOST_TEST_QUERIES[size],
    ),
    ...evenly(
      queries.filter((q) => q.split === 'test'),
      MOST_TEST_QUERIES[size],
    ),
  ];
}

/** Training sets keep all their made queries, the others the first: each held-out set counts once. */
function oneQueryAHeldOutSet(queries: readonly QueryRecord[]): QueryRecord[] {
  const seen = new Set<readonly number[]>();
  return queries.filter(({ items, split }) => {
    if (split === 'train') return true;
    if (seen.has(items)) return false;
    seen.add(items);
    return true;
  });
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
