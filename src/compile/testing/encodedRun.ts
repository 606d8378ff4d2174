/** A run that has its vectors and nothing else yet, as a stage after it sees it. */
import type { TempFolder } from '../../catalog/testing/tempFolder.js';
import { letterEncoder } from '../../policy/testing/world.js';
import type { RewardFunction } from '../../reward/reward.js';
import type { UserConfig } from '../../run/config.js';
import { parseConfig } from '../../run/parseConfig.js';
import { RunFolder } from '../../run/runFolder.js';
import { loadWorkspace } from '../../run/workspace.js';
import { TASKS } from '../../tasks/tasks.js';
import { type CompileOptions, compile } from '../compile.js';
import type { StageContext } from '../stage.js';

const COLORS = ['red', 'blue', 'green', 'golden', 'black', 'white'];
const THINGS = ['chair', 'table', 'lamp', 'tent', 'boot', 'shirt'];

/** 36 items: item 6 c + t is thing t in colour c. */
export const ITEMS = COLORS.flatMap((color) =>
  THINGS.map((thing) => ({ id: `${color}-${thing}`, title: `${color} ${thing}`, category: thing, color })),
);

/** Three different sets of each colour's things; red ones are tested on, blue ones validated. */
export const SETS = COLORS.flatMap((color, c) =>
  ['things', 'stuff', 'goods'].map((word, w) => ({
    query: `${color} ${word}`,
    items: THINGS.slice(w, w + 3).map((thing) => `${color}-${thing}`),
    split: c === 0 ? 'test' : c === 1 ? 'valid' : 'train',
  })),
);

export interface EncodedRunOptions extends Pick<CompileOptions, 'stage' | 'policy'> {
  readonly sets?: readonly object[];
  readonly queries?: readonly object[];
  readonly config?: UserConfig;
  readonly reward?: RewardFunction;
}

let runs = 0;

/** Compiles a run of `ITEMS` up to a stage, `encode` unless told otherwise. */
export async function encodedRun(
  temp: TempFolder,
  { sets, queries, config = {}, stage = 'encode', policy, reward = () => 0 }: EncodedRunOptions,
): Promise<StageContext> {
  const name = `encoded-${runs++}`;
  const small: UserConfig = { k: 3, dimensions: 8, threads: 1, ...config };
  const out = temp.path(name);
  await compile({
    catalog: temp.write(`${name}-catalog.jsonl`, ITEMS),
    ...(sets && { sets: temp.write(`${name}-sets.jsonl`, sets) }),
    ...(queries && { queries: temp.write(`${name}-queries.jsonl`, queries) }),
    out,
    config: small,
    encoder: letterEncoder,
    stage,
    policy,
    reward,
  });
  const run = await RunFolder.open(out);
  const runtime = { threads: 1 };
  const parsed = parseConfig(small);
  return {
    run,
    config: parsed,
    runtime,
    task: TASKS[parsed.task],
    reward,
    blind: { reward },
    workspace: await loadWorkspace(run, letterEncoder, runtime),
    policy,
  };
}
