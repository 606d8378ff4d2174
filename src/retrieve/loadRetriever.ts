/** Reads the parts of a retriever from a run. */
import { loadSetDiffusion } from '../diffusion/modelFiles.js';
import type { Encoder } from '../encode/encoder.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { RetrievalWorld } from '../environment.js';
import { InputError } from '../errors.js';
import type { Policy } from '../policy/policy.js';
import { loadPolicy, loadPolicyModel, POLICY_FILES } from '../policy/policyFiles.js';
import { configOf } from '../run/manifest.js';
import { loadRunEncoder } from '../run/runEncoder.js';
import { RunFolder } from '../run/runFolder.js';
import { loadWorkspace } from '../run/workspace.js';
import type { Method, RetrieverParts } from './retriever.js';

/** Texts remembered: enough for what is asked again, and soon full, so that a service's memory stays as it is. */
const REMEMBERED = 20_000;

export interface LoadRetrieverOptions extends RuntimeOptions {
  /** The text encoder the run was compiled with, where that was given as an argument too. */
  readonly encoder?: Encoder;
  /** Load only the models that these need (those of all methods). */
  readonly methods?: readonly Method[];
  readonly signal?: AbortSignal;
}

/** @throws InputError if the folder holds no run that can be searched, or the encoder is another than the run's */
export async function loadRetrieverParts(
  folder: string,
  { encoder: own, methods, signal, ...runtime }: LoadRetrieverOptions = {},
): Promise<RetrieverParts> {
  const run = await RunFolder.open(folder);
  if (!run.stageDone('encode')) {
    throw new InputError('is not compiled far enough to be searched; run compile again to go on', {
      file: folder,
    });
  }
  const { k, synthesis } = configOf(run.manifest, run.path('run.json'));
  const encoder = await loadRunEncoder(run, { own, runtime, signal, keep: false });
  signal?.throwIfAborted();
  const workspace = await loadWorkspace(run, encoder, runtime, { capacity: REMEMBERED });
  const wants = (method: Method) => methods?.includes(method) ?? true;
  signal?.throwIfAborted();
  const policy = wants('folm') ? await policyOf(run, workspace, runtime) : undefined;
  signal?.throwIfAborted();
  const diffusion =
    wants('diffusion') && run.stageDone('diffusion')
      ? await loadSetDiffusion(run.path('diffusion'), runtime)
      : undefined;
  const evaluation = run.stageDone('evaluate');
  const [lambda, theta] = [evaluation?.lambda, evaluation?.theta];
  return {
    workspace,
    k,
    policy,
    temperature: synthesis.temperature,
    diffusion,
    ...(typeof lambda === 'number' && { lambda }),
    ...(typeof theta === 'number' && { theta }),
  };
}

async function policyOf(
  run: RunFolder,
  world: RetrievalWorld,
  runtime: RuntimeOptions,
): Promise<Policy | undefined> {
  if (!run.stageDone('policy')) return undefined;
  const model = await loadPolicyModel(run.path(...POLICY_FILES.model));
  return loadPolicy(model, run.path(...POLICY_FILES.trained), world, runtime);
}
