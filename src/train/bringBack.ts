/** A trained adapter becomes the run's policy, as if the run had trained it. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Parameters, saveWeights } from '../engine/index.js';
import { InputError, R4tError } from '../errors.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { readAdapter } from '../policy/pretrained/files/adapter.js';
import { saveTunedModel } from '../policy/pretrained/pretrainedFiles.js';
import type { RunFolder } from '../run/runFolder.js';
import type { TrainJob } from './job.js';

export interface RewardService {
  /** Where `r4t serve-reward` listens, as this machine reaches it. */
  readonly url: string;
  readonly apiKey?: string;
  readonly signal?: AbortSignal;
}

const FILES = ['adapter_model.safetensors', 'adapter_config.json'] as const;

/**
 * Asks whether the service would take the adapter of a job.
 *
 * @throws InputError if it cannot be reached, or the key may not do that
 */
export async function checkService(job: string, { url, apiKey, signal }: RewardService): Promise<void> {
  const headers: Record<string, string> = apiKey ? { 'X-API-Key': apiKey } : {};
  let status: number;
  try {
    ({ status } = await fetch(`${root(url)}/adapters/${job}`, { method: 'POST', headers, signal }));
  } catch (cause) {
    signal?.throwIfAborted();
    throw new InputError(
      `${url} cannot be reached; is r4t serve-reward running there?`,
      { field: '--reward' },
      { cause },
    );
  }
  if (status === 200) return;
  const problem =
    status === 401 || status === 403
      ? 'refuses the key; set R4T_API_KEY to a full key of it'
      : `answered ${status}; is it r4t serve-reward?`;
  throw new InputError(`${url} ${problem}`, { field: '--reward' });
}

const root = (url: string): string => url.replace(/\/+$/, '');

/**
 * Fetches the adapter that a job has sent to the reward service.
 *
 * @throws R4tError if the service does not have it, or cannot be reached
 */
export async function fetchAdapter(
  job: string,
  folder: string,
  { url, apiKey, signal }: RewardService,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of FILES) {
    const from = `${root(url)}/adapters/${job}/${name}`;
    let response: Response;
    try {
      response = await fetch(from, { headers: apiKey ? { 'X-API-Key': apiKey } : {}, signal });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new R4tError(`${url} cannot be reached; r4t serve-reward keeps the adapter, start it again`, {
        cause,
      });
    }
    if (!response.ok || !response.body) {
      const remedy =
        response.status === 404 ? '; to train it anew, let Ray forget the job (ray job delete)' : '';
      throw new R4tError(
        `${from} answered ${response.status}: ${(await response.text()).slice(0, 300)}${remedy}`,
      );
    }
    const temporary = join(folder, `.${name}.tmp`);
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(temporary), { signal });
    await rename(temporary, join(folder, name));
  }
}

/**
 * Finishes the run's stages `warm-start` and `policy` with the adapter in `policy/adapter`.
 *
 * @param seconds that the job took
 * @throws InputError if it is an adapter of another form than the run's config says
 */
export async function takeAdapter(
  run: RunFolder,
  { id, settings, examples }: Pick<TrainJob, 'id' | 'settings' | 'examples'>,
  seconds: number,
): Promise<void> {
  const folder = run.path('policy', 'adapter');
  const { lora, tensors } = await readAdapter(folder);
  const form = ({ rank, alpha, targets }: typeof lora) => `${rank}, ${alpha}, ${[...targets].sort()}`;
  if (form(lora) !== form(settings.lora))
    throw new InputError(
      `is an adapter of rank, alpha and targets ${form(lora)}; the run's config says ${form(settings.lora)}`,
      { file: folder },
    );
  const trained: Parameters = new Map(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      { data: Float32Array.from(data as ArrayLike<number>), dims: [...shape] },
    ]),
  );
  if (!run.stageDone('warm-start')) {
    // An adapter whose B is zero changes nothing: the model as it began.
    const untrained: Parameters = new Map(
      [...trained].map(([name, { data, dims }]) => [
        name,
        { data: name.includes('lora_B') ? new Float32Array(data.length) : data, dims },
      ]),
    );
    await saveTunedModel(run.path(...POLICY_FILES.model), { lora: settings.lora, examples });
    await saveWeights(run.path(...POLICY_FILES.untrained), untrained);
    await run.finishStage('warm-start', { seconds: 0, job: id });
  }
  await saveWeights(run.path(...POLICY_FILES.trained), trained);
  await run.finishStage('policy', { seconds, job: id });
}
