/** Settings of a closed-form method, chosen on its own training sets. */
import type { RunControl } from './progress.js';
import { CounterRandom } from './random.js';

/** Sets that share this much of what either has (Jaccard) are one example told twice, and stay in one fold. */
const ALIKE = 0.5;

export interface CrossValidationOptions<Setting> extends Pick<RunControl, 'signal'> {
  /** Rows of each training query's reference set. */
  readonly references: readonly (readonly number[])[];
  readonly settings: readonly Setting[];
  /** Queries of the same key, such as those of one text, are in one fold. */
  readonly keys?: readonly string[];
  readonly seed: number;
  /** Folds [5]. */
  readonly folds?: number;
  /** Queries that are judged, drawn from all folds [400]: more would take longer than they tell. */
  readonly judged?: number;
  /** Learns from the queries `trained`; what it returns says how good a setting's answer to each of `heldOut` is. */
  readonly train: (
    trained: readonly number[],
    heldOut: readonly number[],
  ) => (setting: Setting) => Promise<ArrayLike<number>> | ArrayLike<number>;
}

/**
 * k-fold cross-validation: every judged query is answered by what was learnt from the other folds.
 *
 * @returns one list a setting, with the quality of the same queries in the same order
 * @throws the signal's reason, if it is aborted
 */
export async function crossValidate<Setting>({
  references,
  settings,
  keys,
  seed,
  folds = 5,
  judged = 400,
  train,
  signal,
}: CrossValidationOptions<Setting>): Promise<number[][]> {
  const foldOf = foldsOf(references, { folds, seed, keys });
  const drawn = new Set(
    new CounterRandom(seed, 'cross-validation/judged').permutation(references.length).subarray(0, judged),
  );
  const quality: number[][] = settings.map(() => []);
  for (let fold = 0; fold < folds; fold++) {
    const all = [...references.keys()];
    const heldOut = all.filter((i) => foldOf[i] === fold && drawn.has(i));
    const trained = all.filter((i) => foldOf[i] !== fold);
    if (heldOut.length === 0 || trained.length === 0) continue;
    const judge = train(trained, heldOut);
    for (const [s, setting] of settings.entries()) {
      // Lets the event loop run: another task may want to abort this one.
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      quality[s].push(...Array.from(await judge(setting)));
    }
  }
  return quality;
}

/**
 * The fold of each query, in random order, each about as large as the others. Queries of the same key share
 * one, and queries with nearly the same set, unless these are so many that they would not fit into a fold.
 */
export function foldsOf(
  references: readonly (readonly number[])[],
  { folds, seed, keys }: { readonly folds: number; readonly seed: number; readonly keys?: readonly string[] },
): Int32Array {
  const most = Math.ceil(references.length / folds);
  const groups = groupsOf(references, keys).flatMap((group) =>
    group.length > most ? sameKey(group, keys) : [group],
  );
  new CounterRandom(seed, 'cross-validation/folds').shuffle(groups);
  const foldOf = new Int32Array(references.length);
  const sizes = new Int32Array(folds);
  for (const group of groups) {
    const smallest = sizes.indexOf(Math.min(...sizes));
    sizes[smallest] += group.length;
    for (const i of group) foldOf[i] = smallest;
  }
  return foldOf;
}

/** Queries of one key together; without keys each is alone. */
function sameKey(queries: readonly number[], keys?: readonly string[]): number[][] {
  const groups = new Map<string | number, number[]>();
  for (const i of queries) {
    const key = keys?.[i] ?? i;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups.values()];
}

/** Queries joined wherever two of them have nearly the same set, or the same key. */
function groupsOf(references: readonly (readonly number[])[], keys?: readonly string[]): number[][] {
  const sets = references.map((reference) => new Set(reference));
  const queriesOf = new Map<number, number[]>();
  const group = sets.map((_, i) => [i]);
  const join = (i: number, j: number) => {
    if (group[i] === group[j]) return;
    const [from, into] = group[i].length < group[j].length ? [group[i], group[j]] : [group[j], group[i]];
    into.push(...from);
    for (const member of from) group[member] = into;
  };
  const firstOf = new Map<string, number>();
  sets.forEach((set, i) => {
    const shared = new Map<number, number>();
    for (const item of set) {
      const others = queriesOf.get(item) ?? [];
      for (const j of others) shared.set(j, (shared.get(j) ?? 0) + 1);
      others.push(i);
      queriesOf.set(item, others);
    }
    for (const [j, n] of shared) if (n / (set.size + sets[j].size - n) >= ALIKE) join(i, j);
    const known = keys && firstOf.get(keys[i]);
    if (known !== undefined) join(i, known);
    else if (keys) firstOf.set(keys[i], i);
  });
  return [...new Set(group)];
}

/**
 * nDCG@k of a ranking whose items are right or wrong: right ones gain 1 / log2(rank + 1), as a share of the best possible
 * (Järvelin & Kekäläinen, 2002, https://doi.org/10.1145/582415.582418). 0 to 1.
 *
 * @param ranked rows, best first, each once
 */
export function binaryNdcg(ranked: ArrayLike<number>, reference: readonly number[], k: number): number {
  const right = new Set(reference);
  let [sum, best] = [0, 0];
  for (let r = 0; r < Math.min(k, ranked.length); r++) if (right.has(ranked[r])) sum += 1 / Math.log2(r + 2);
  for (let r = 0; r < Math.min(k, right.size); r++) best += 1 / Math.log2(r + 2);
  return best > 0 ? sum / best : 0;
}
