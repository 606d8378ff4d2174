/** What `r4t label` asks about: which queries, and the sets of which two methods. */

import type { Split } from '../catalog/item.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import { loadQueries } from '../catalog/queries.js';
import { choiceOf } from '../choose/choice.js';
import { InputError } from '../errors.js';
import { CounterRandom } from '../random.js';
import type { Method } from '../retrieve/methodNames.js';
import { configOf } from '../run/manifest.js';
import type { RunFolder } from '../run/runFolder.js';
import { runQueries } from './runLabels.js';

export interface LabelTaskOptions {
  /** Queries of one's own (those of the run). */
  readonly queries?: string;
  /** Of the run's queries, only those on this side (all). */
  readonly split?: Split;
  /** Queries at most (40). */
  readonly limit?: number;
  /** Two methods (plain search and the one the run answers by; where that is plain search, Diffusion, else hybrid search). */
  readonly methods?: readonly Method[];
  /** Decides which queries are asked, and which set stands on the left. */
  readonly seed: number;
}

export interface PlannedTask {
  readonly queries: string[];
  readonly methods: [Method, Method];
  readonly k: number;
  readonly seed: number;
}

/** @throws InputError if there are no such queries */
export async function planLabelling(
  run: RunFolder,
  { queries: file, split, limit = 40, methods, seed }: LabelTaskOptions,
): Promise<PlannedTask> {
  const { k } = configOf(run.manifest, run.path('run.json'));
  const asked = file === undefined ? drawn(await ownQueries(run, split), seed) : await queriesOf(file);
  return { queries: asked.slice(0, limit), methods: pairOf(run, methods), k, seed };
}

/** Each once, in the order of the file. */
const queriesOf = async (file: string): Promise<string[]> =>
  (await loadQueries(file)).map(({ query }) => query);

async function ownQueries(run: RunFolder, split: Split | undefined): Promise<string[]> {
  const all = await runQueries(run.folder);
  const asked = all.filter((query) => split === undefined || query.split === split);
  if (asked.length === 0) {
    throw new InputError(
      `this run has no ${split ?? ''} queries; name another side, or give --queries <file>`,
      {
        file: run.folder,
      },
    );
  }
  return [...new Map(asked.map(({ query }) => [normalizeKey(query), query])).values()];
}

/** In an order that the seed decides; with a higher limit the first ones stay the same. */
function drawn(queries: readonly string[], seed: number): string[] {
  const order = [...queries];
  new CounterRandom(seed, 'label/queries').shuffle(order);
  return order;
}

function pairOf(run: RunFolder, methods: readonly Method[] | undefined): [Method, Method] {
  if (methods) {
    const [a, b, ...others] = methods;
    if (a !== undefined && b !== undefined && a !== b && others.length === 0) return [a, b];
    throw new InputError(`is ${methods.join(',')}; name two different ones, e.g. plain,diffusion`, {
      field: 'methods',
    });
  }
  const chosen = choiceOf(run)?.chosen ?? 'plain';
  if (chosen !== 'plain') return ['plain', chosen];
  return ['plain', run.stageDone('diffusion') ? 'diffusion' : 'hybrid'];
}
