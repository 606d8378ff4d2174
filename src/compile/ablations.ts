/**
 * What answers "is reinforcement learning needed": the same set diffusion, trained on sets that no reward has shaped. A run
 * keeps them in `ablations/`, each a model of its own; the retriever never uses them.
 */
import { checkFiles, checksumsOf, readFileList, writeFileList } from '../checksums.js';
import type { QueryBatch } from '../environment.js';
import { removeTemporaries } from '../files.js';
import type { VectorTable } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { synthesisSettings } from '../run/config.js';
import type { RunFolder } from '../run/runFolder.js';
import { readSets, synthesize } from '../synthesis/synthesize.js';
import { fitDiffusion, type TargetSets } from './fitDiffusion.js';
import { rowsOf, type StageContext } from './stage.js';
import { knownReward, trainingQueries } from './trainingQueries.js';
import { openTrainedPolicy } from './tuneStages.js';

/** Trained on the reference sets themselves; and on what the untrained policy writes. */
export const ABLATIONS = ['diffusionSupervised', 'diffusionUntrained'] as const;
export type Ablation = (typeof ABLATIONS)[number];

/**
 * The folder of an ablation's model, or undefined if the run has none.
 *
 * @throws DamagedFileError if a file of it is missing or differs from what was written
 */
export async function ablationFolder(run: RunFolder, ablation: Ablation): Promise<string | undefined> {
  const folder = run.path('ablations', ablation);
  const remedy = `delete the folder ${folder} and compile again with --ablations`;
  const files = await readFileList(folder, remedy);
  if (Object.keys(files).length === 0) return undefined;
  await checkFiles(folder, files, remedy);
  return folder;
}

/** Sets a query of either ablation: as many as a small catalog's synthesis has. */
const SETS_PER_QUERY = 8;

/** Trains the ablations that are not there yet, with the settings of the run. Without reference sets there is none to be supervised by. */
export async function compileAblations(context: StageContext): Promise<void> {
  const { run, config, workspace, signal, onProgress } = context;
  await using _lock = await run.lock('ablations');
  const queries = await trainingQueries(context);
  for (const ablation of ABLATIONS) {
    if (await ablationFolder(run, ablation)) continue;
    const sets =
      ablation === 'diffusionSupervised'
        ? referenceSets(queries, workspace.vectors, config.k, config.seed)
        : await untrainedSets(context, queries);
    if (!sets) continue;
    const folder = run.path('ablations', ablation);
    await fitDiffusion(context, queries, sets, folder, { signal, onProgress });
    await removeTemporaries(folder);
    await writeFileList(folder, await checksumsOf(folder));
  }
}

/** Sets of k rows from each query's reference set: some of a large one, a small one over and over. */
function referenceSets(
  { references }: QueryBatch,
  vectors: VectorTable,
  k: number,
  seed: number,
): TargetSets | undefined {
  if (!references) return undefined;
  const queryOf: number[] = [];
  const rows: number[] = [];
  references.forEach((reference, query) => {
    if (reference.length === 0) return;
    const random = new CounterRandom(seed, 'ablations/references', query);
    for (let set = 0; set < SETS_PER_QUERY; set++) {
      const order = random.permutation(reference.length);
      queryOf.push(query);
      for (let i = 0; i < k; i++) rows.push(reference[order[i % order.length]]);
    }
  });
  return { queryOf: Int32Array.from(queryOf), rows: Int32Array.from(rows), table: vectors };
}

async function untrainedSets(context: StageContext, queries: QueryBatch): Promise<TargetSets | undefined> {
  // Of a policy of the user's there is no untrained one.
  if (context.policy) return undefined;
  const { run, config, workspace, budget, signal, onProgress } = context;
  const { policy, release } = await openTrainedPolicy(context, 'untrained');
  const folder = run.path('ablations', 'synthesis');
  try {
    await synthesize({
      policy,
      world: workspace,
      queries,
      reward: knownReward(context),
      rows: rowsOf(context),
      samplesPerQuery: Math.min(SETS_PER_QUERY, config.synthesis.samplesPerQuery ?? SETS_PER_QUERY),
      temperature: synthesisSettings(config).temperature,
      topP: config.synthesis.topP,
      budget,
      seed: config.seed,
      folder,
      signal,
      onProgress,
    });
  } finally {
    await release();
  }
  return readSets({ folder, queries: queries.texts.length, vectors: workspace.vectors });
}
