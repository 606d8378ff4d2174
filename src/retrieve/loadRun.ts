/** Reads a run as what searches, services and evaluations work in. */

import { aspectsWhenAsked } from '../candidates/aspects.js';
import { compiledMemory } from '../candidates/compiledMemory.js';
import { readQueries } from '../candidates/reader.js';
import { choiceOf } from '../choose/choice.js';
import { loadDiffusion } from '../diffusion/modelFiles.js';
import { type Encoder, partsOf } from '../encode/encoder.js';
import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { realPath } from '../files.js';
import { lexiconOf } from '../lexical/lexicon.js';
import { isPolicyGiven, loadOwnPolicy } from '../policy/ownPolicy.js';
import { loadPointerModel, loadPointerWeights } from '../policy/pointer/pointerFiles.js';
import { PointerPolicy, type PointerPolicyOptions } from '../policy/pointer/pointerPolicy.js';
import type { Policy } from '../policy/policy.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { openPretrained } from '../policy/pretrained/openPretrained.js';
import { loadAdapter, loadTunedModel } from '../policy/pretrained/pretrainedFiles.js';
import type { PretrainedPolicy } from '../policy/pretrained/pretrainedPolicy.js';
import { placePretrained } from '../policy/pretrained/pretrainedSetting.js';
import type { RunControl } from '../progress.js';
import { type Config, isTuned, synthesisSettings, type TunedPolicySettings } from '../run/config.js';
import { loadLabels, loadRemembered } from '../run/labels.js';
import { configOf } from '../run/manifest.js';
import { localRun } from '../run/remoteRun.js';
import { loadRunEncoder } from '../run/runEncoder.js';
import { RunFolder } from '../run/runFolder.js';
import { loadWorkspace, type Workspace } from '../run/workspace.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import type { MethodSettings, MethodSpace, SearchDiffusion } from './method.js';
import type { AskableMethod, Method } from './methodNames.js';
import { meantMethod } from './request.js';

/** Texts remembered: enough for what is asked again, and soon full, so that a service's memory stays as it is. */
const REMEMBERED = 20_000;

export interface LoadRetrieverOptions extends RuntimeOptions {
  /** The text encoder the run was compiled with, where that was your own. */
  readonly encoder?: Encoder;
  /** Your own index over the run's vectors (that of the run's config: exact search). */
  readonly index?: VectorIndex;
  /** Your own policy for method `folm` (the run's). */
  readonly policy?: Policy;
  /** Load only the models that these need (those of all methods). */
  readonly methods?: readonly AskableMethod[];
  readonly signal?: AbortSignal;
}

/** What only evaluations ask for. */
export interface LoadRunOptions extends LoadRetrieverOptions, RunControl {
  /** Whether fan-outs that a language model writes are kept in the run (false). */
  readonly keepFanOuts?: boolean;
}

/** A set diffusion of which a run knows how many steps it takes. */
export type LoadedDiffusion = SearchDiffusion & { readonly steps: number };

export interface LoadedRun {
  readonly run: RunFolder;
  readonly config: Config;
  readonly workspace: Workspace;
  readonly space: MethodSpace & { readonly diffusion?: LoadedDiffusion };
  /** Frees the native memory of every model loaded here. */
  release(): Promise<void>;
}

/**
 * @param place the run folder, or its address (`https://…`), which is fetched into the user's cache
 * @throws InputError if the folder holds no run that can be searched, or the encoder is another than the run's; DamagedFileError if a
 *   file that is needed is not what was written; RunFetchError if one cannot be fetched
 */
export async function loadRun(
  place: string,
  {
    encoder: own,
    index,
    policy: ownPolicy,
    methods,
    keepFanOuts = false,
    signal,
    onProgress,
    ...runtime
  }: LoadRunOptions = {},
): Promise<LoadedRun> {
  const folder = await localRun(place, { signal, onProgress });
  const run = await RunFolder.open(folder);
  if (!run.stageDone('encode')) {
    throw new InputError('is not compiled far enough to be searched; run compile again to go on', {
      file: folder,
    });
  }
  await run.check('encode');
  const config = configOf(run.manifest, run.path('run.json'));
  const encoder = await loadRunEncoder(run, { own, runtime, signal, keep: false });
  signal?.throwIfAborted();
  const workspace = await loadWorkspace(run, encoder, runtime, { capacity: REMEMBERED, index });
  const { space, release } = await openSpace({
    run,
    config,
    workspace,
    policy: ownPolicy,
    methods,
    keepFanOuts,
    runtime,
    signal,
    onProgress,
  });
  return {
    run,
    config,
    workspace,
    space,
    async release() {
      await release();
      await workspace.release();
      for (const part of own ? [] : partsOf(encoder)) if ('encode' in part) await part.release?.();
    },
  };
}

export interface OpenSpaceOptions
  extends Pick<LoadRunOptions, 'methods' | 'policy' | 'keepFanOuts' | 'signal' | 'onProgress'> {
  readonly run: RunFolder;
  readonly config: Config;
  readonly workspace: Workspace;
  readonly runtime: RuntimeOptions;
}

/** What the methods of a run search, over a workspace that is loaded already; `release` frees the models loaded here. */
export async function openSpace({
  run,
  config,
  workspace,
  policy: ownPolicy,
  methods,
  keepFanOuts: keep = false,
  runtime,
  signal,
  onProgress,
}: OpenSpaceOptions): Promise<Pick<LoadedRun, 'space' | 'release'>> {
  const labels = await loadLabels(run, workspace.queries);
  const lexicon = lexiconOf(workspace.items);
  const { items, vectors, index } = workspace;
  const usual = usualMethod(run);
  const wants = (method: Method) =>
    methods?.some((asked) => meantMethod({ usual }, asked) === method) ?? true;
  const remembers = wants('folm') || wants('diffusion');
  if (remembers) await run.check('diffusion');
  const remembered = remembers ? await loadRemembered(run, labels, vectors) : undefined;
  const memory = remembered && (await compiledMemory(remembered, runtime));
  const catalog = { items, vectors, index, lexicon, memory };
  signal?.throwIfAborted();
  const loadedPolicy =
    wants('folm') && !ownPolicy
      ? ((await loadOwnPolicy(run, config, workspace, {
          ...runtime,
          k: config.k,
          keep,
          signal,
          onProgress,
        })) ?? (await trainedPolicy(run, catalog, config, runtime)))
      : undefined;
  signal?.throwIfAborted();
  const diffusion =
    wants('diffusion') && run.stageDone('diffusion')
      ? await loadDiffusion(run.path('diffusion'), runtime)
      : undefined;
  return {
    space: {
      ...workspace,
      ...labels,
      k: config.k,
      lexicon,
      aspects: aspectsWhenAsked(items, vectors, { field: config.catalog.aspect }),
      ...(memory && { memory, remembered }),
      policy: ownPolicy ?? loadedPolicy,
      temperature: synthesisSettings(config).temperature,
      diffusion,
      settings: settingsOf(run),
      rest: choiceOf(run)?.rest,
      usual,
    },
    async release() {
      await loadedPolicy?.release?.();
      await diffusion?.release();
      await memory?.release();
    },
  };
}

/** What the compilation chose for each method on validation queries. */
export const settingsOf = (run: RunFolder): MethodSettings => choiceOf(run)?.settings ?? {};

/** What did best on validation queries; until the compilation has measured that, plain search, which needs no trust. */
const usualMethod = (run: RunFolder): Method => choiceOf(run)?.chosen ?? 'plain';

async function trainedPolicy(
  run: RunFolder,
  space: PolicySpace,
  config: Config,
  runtime: RuntimeOptions,
): Promise<Policy | undefined> {
  if (!run.stageDone('policy') || isPolicyGiven(run)) return undefined;
  return isTuned(config.policy)
    ? loadTunedPolicy(run, config, 'trained', runtime)
    : loadRunPolicy(run, 'trained', space, runtime);
}

/** The pretrained language model of a run with its adapter. */
export async function loadTunedPolicy(
  run: RunFolder,
  { policy: setting, k }: Config,
  weights: 'untrained' | 'trained',
  runtime: RuntimeOptions,
): Promise<PretrainedPolicy> {
  if (!isTuned(setting)) throw new Error(`a policy of kind ${setting.kind} is not tuned`);
  const { lora, examples } = await loadTunedModel(run.path(...POLICY_FILES.model));
  const model = await placeInRun(run, setting);
  const policy = await openPretrained({ model, k, lora, recompute: setting.recompute, examples, runtime });
  policy.parameters = await loadAdapter(run.path(...POLICY_FILES[weights]), policy.parameters);
  return policy;
}

/** The model's path, or its name on the hub. */
export const placeInRun = async (run: RunFolder, setting: TunedPolicySettings): Promise<string> =>
  placePretrained(setting, await realPath(run.folder)).model;

/** What the policy of a run is opened with. */
export type PolicySpace = Pick<MethodSpace, 'items' | 'vectors' | 'index' | 'lexicon' | 'memory'>;

/**
 * The policy that a run has trained, as it was after the warm start or in the end.
 *
 * @param read how it reads queries that it is asked for samples of (as searches do)
 * @throws DamagedFileError if a file of it is missing or differs from what was written
 */
export async function loadRunPolicy(
  run: RunFolder,
  weights: 'untrained' | 'trained',
  space: PolicySpace,
  runtime: RuntimeOptions,
  read?: PointerPolicyOptions['read'],
): Promise<PointerPolicy> {
  await run.check('warm-start');
  if (weights === 'trained') await run.check('policy');
  const model = await loadPointerModel(run.path(...POLICY_FILES.model));
  const parameters = await loadPointerWeights(model, run.path(...POLICY_FILES[weights]));
  const { items } = space;
  const { config, standard } = model;
  return PointerPolicy.create({
    config,
    standard,
    parameters,
    items,
    read: read ?? ((queries, options) => readQueries(queries, space, standard, options)),
    runtime,
  });
}
