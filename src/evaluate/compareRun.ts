import { rewardOf, textEncoder } from '../compile/compile.js';
import { loadSetDiffusion } from '../diffusion/modelFiles.js';
import type { Encoder } from '../encode/encoder.js';
import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { rowRange } from '../matrix.js';
import type { QueryBatch } from '../policy/fanOut.js';
import { loadPolicy, loadPolicyModel, POLICY_FILES } from '../policy/policyFiles.js';
import type { RunControl } from '../progress.js';
import type { RewardFunction } from '../reward/reward.js';
import { configOf } from '../run/manifest.js';
import { RunFolder } from '../run/runFolder.js';
import { loadWorkspace, splitQueries, type Workspace } from '../run/workspace.js';
import { type Comparison, compareMethods } from './compareMethods.js';

export interface CompareRunOptions extends RunControl, RuntimeOptions {
  /** At most this many test queries (all). */
  readonly limit?: number;
  /** The text encoder, where the run was compiled with one of your own. */
  readonly encoder?: Encoder;
  /** The reward that Best-of-N chooses by, where the run was trained with a function of your own. */
  readonly reward?: RewardFunction;
}

export interface RunComparison extends Comparison {
  readonly workspace: Workspace;
  /** The held-out queries, in the order of the sets. */
  readonly test: QueryBatch;
}

/**
 * Compares the retriever of a finished run with its opponents on the run's held-out test queries.
 *
 * @throws InputError if the run is not finished, or has no test queries or no validation queries
 */
export async function compareRun(folder: string, options: CompareRunOptions = {}): Promise<RunComparison> {
  const { threads, device, signal, onProgress, limit } = options;
  const runtime: RuntimeOptions = { threads, device };
  const run = await RunFolder.open(folder);
  if (!run.stageDone('diffusion'))
    throw new InputError('is not compiled to the end; run r4t compile again', { file: folder });
  const config = configOf(run.manifest, folder);
  const workspace = await loadWorkspace(run, await textEncoder(config, options.encoder, runtime), runtime);
  const test = head(await splitQueries(workspace, 'test', signal), limit);
  if (test.texts.length === 0) throw new InputError('has no test queries to compare on', { file: folder });
  const validation = await splitQueries(workspace, 'valid', signal);
  if (validation.texts.length === 0)
    throw new InputError('has no validation queries to tune MMR and DPP on', { file: folder });
  const model = await loadPolicyModel(run.path(...POLICY_FILES.model));
  const comparison = await compareMethods({
    workspace,
    untrained: await loadPolicy(model, run.path(...POLICY_FILES.untrained), runtime),
    policy: await loadPolicy(model, run.path(...POLICY_FILES.trained), runtime),
    diffusion: await loadSetDiffusion(run.path('diffusion'), runtime),
    reward: options.reward ?? rewardOf(config),
    test,
    validation,
    k: config.k,
    temperature: config.synthesis.temperature,
    seed: config.seed,
    signal,
    onProgress,
  });
  return { ...comparison, workspace, test };
}

function head({ texts, vectors, references }: QueryBatch, limit = texts.length): QueryBatch {
  const count = Math.min(limit, texts.length);
  return {
    texts: texts.slice(0, count),
    vectors: rowRange(vectors, 0, count),
    references: references?.slice(0, count),
  };
}
