/** Reads a run as what searches, services and evaluations work in. */
import { querySources } from '../candidates/runSources.js';
import { choiceOf } from '../choose/choice.js';
import { loadRetrieverModel } from '../diffusion/modelFiles.js';
import { type Encoder, partsOf } from '../encode/encoder.js';
import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { loadPointerModel, loadPointerWeights, type PointerModel } from '../policy/pointer/pointerFiles.js';
import { PointerPolicy } from '../policy/pointer/pointerPolicy.js';
import type { Policy } from '../policy/policy.js';
import { loadPolicy, loadPolicyModel, POLICY_FILES } from '../policy/policyFiles.js';
import { type Config, isPointer, synthesisSettings } from '../run/config.js';
import { loadLabels } from '../run/labels.js';
import { configOf } from '../run/manifest.js';
import { isPolicyGiven, loadOwnPolicy } from '../run/ownPolicy.js';
import { loadRunEncoder } from '../run/runEncoder.js';
import { RunFolder } from '../run/runFolder.js';
import { loadWorkspace, type Workspace } from '../run/workspace.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { lexiconOf } from './lexicon.js';
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

/** A set diffusion of which a run knows how many steps it takes. */
export interface LoadedDiffusion extends SearchDiffusion {
  readonly steps: number;
}

export interface LoadedRun {
  readonly run: RunFolder;
  readonly config: Config;
  readonly workspace: Workspace;
  readonly space: MethodSpace & { readonly diffusion?: LoadedDiffusion };
  /** Frees the native memory of every model loaded here. */
  release(): Promise<void>;
}

/** @throws InputError if the folder holds no run that can be searched, or the encoder is another than the run's */
export async function loadRun(
  folder: string,
  { encoder: own, index, policy: ownPolicy, methods, signal, ...runtime }: LoadRetrieverOptions = {},
): Promise<LoadedRun> {
  const run = await RunFolder.open(folder);
  if (!run.stageDone('encode')) {
    throw new InputError('is not compiled far enough to be searched; run compile again to go on', {
      file: folder,
    });
  }
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
    runtime,
    signal,
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

export interface OpenSpaceOptions extends Pick<LoadRetrieverOptions, 'methods' | 'policy' | 'signal'> {
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
  runtime,
  signal,
}: OpenSpaceOptions): Promise<Pick<LoadedRun, 'space' | 'release'>> {
  const labels = await loadLabels(run, workspace.queries);
  const lexicon = lexiconOf(workspace.items);
  const { items, vectors } = workspace;
  const model = await pointerOf(run, config);
  const sources = model && querySources({ vectors, lexicon, standard: model.standard, ...labels });
  const space = { items, vectors, index: workspace.index, sources };
  const usual = usualMethod(run);
  const wants = (method: Method) =>
    methods?.some((asked) => meantMethod({ usual }, asked) === method) ?? true;
  signal?.throwIfAborted();
  const loadedPolicy =
    wants('folm') && !ownPolicy
      ? ((await loadOwnPolicy(run, config, workspace, { ...runtime, k: config.k, signal })) ??
        (await trainedPolicy(run, space, runtime)))
      : undefined;
  signal?.throwIfAborted();
  const diffusion =
    wants('diffusion') && run.stageDone('diffusion')
      ? await loadRetrieverModel(run.path('diffusion'), runtime)
      : undefined;
  return {
    space: {
      ...workspace,
      ...labels,
      k: config.k,
      lexicon,
      ...(sources && { sources }),
      policy: ownPolicy ?? loadedPolicy,
      // A pointer's set is its likeliest one.
      temperature: model ? 0 : synthesisSettings(config).temperature,
      diffusion,
      settings: settingsOf(run),
      usual,
    },
    async release() {
      await loadedPolicy?.release?.();
      await diffusion?.release();
    },
  };
}

/** What the compilation chose for each method on validation queries. */
export const settingsOf = (run: RunFolder): MethodSettings => choiceOf(run)?.settings ?? {};

/** What did best on validation queries; until the compilation has measured that, plain search, which needs no trust. */
export const usualMethod = (run: RunFolder): Method => choiceOf(run)?.chosen ?? 'plain';

/** The model of a run that trains a pointer, once it is there. */
async function pointerOf(run: RunFolder, { policy }: Config): Promise<PointerModel | undefined> {
  if (!isPointer(policy) || !run.stageDone('warm-start')) return undefined;
  return loadPointerModel(run.path(...POLICY_FILES.model));
}

async function trainedPolicy(
  run: RunFolder,
  space: PolicySpace,
  runtime: RuntimeOptions,
): Promise<Policy | undefined> {
  if (!run.stageDone('policy') || isPolicyGiven(run)) return undefined;
  return loadRunPolicy(run, 'trained', space, runtime);
}

/** What the policy of a run is opened with. */
export type PolicySpace = Pick<MethodSpace, 'items' | 'vectors' | 'index' | 'sources'>;

/** The policy that a run has trained, as it was after the warm start or in the end. */
export async function loadRunPolicy(
  run: RunFolder,
  weights: 'untrained' | 'trained',
  space: PolicySpace,
  runtime: RuntimeOptions,
): Promise<Policy> {
  const [file, modelFile] = [run.path(...POLICY_FILES[weights]), run.path(...POLICY_FILES.model)];
  const { items, vectors, sources } = space;
  if (!sources) return loadPolicy(await loadPolicyModel(modelFile), file, space, runtime);
  const model = await loadPointerModel(modelFile);
  const parameters = await loadPointerWeights(model, file);
  return PointerPolicy.create({ config: model.config, parameters, items, vectors, sources, runtime });
}
