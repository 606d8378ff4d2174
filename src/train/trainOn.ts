/** Soft-GRPO of a run's language model on a Ray cluster: submits the job, follows it, and brings its adapter back. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { InputError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { configOf } from '../run/manifest.js';
import { RunFolder } from '../run/runFolder.js';
import { checkService, fetchAdapter, takeAdapter } from './bringBack.js';
import { type JobPlace, makeJob, type TrainJob } from './job.js';
import { TRAIN_FOLDER } from './jobFolder.js';
import { hasEnded, RayError, type RayJob, RayJobs, rayAddress } from './rayJobs.js';

export interface TrainOptions extends Partial<JobPlace> {
  /** Ray's dashboard; absent: the job is only written. */
  readonly on?: string;
  /** Where `r4t serve-reward` listens, as this machine and the cluster reach it. */
  readonly reward: string;
  /** A full key of the reward service. */
  readonly apiKey?: string;
  /** Folder that all nodes share, for checkpoints. */
  readonly storage?: string;
  readonly signal?: AbortSignal;
  /** Told what becomes of the job, in a line. */
  readonly onStatus?: (line: string) => void;
  /** What the job prints. */
  readonly onLog?: (text: string) => void;
  /** Milliseconds between two looks at the job (2000). */
  readonly pollMs?: number;
}

export interface TrainResult {
  /** Names the job. */
  readonly id: string;
  /** Folder of its files. */
  readonly folder: string;
  /** Whether the adapter is in the run; else the job is only written. */
  readonly trained: boolean;
}

const POLL = 2000;
/** Looks in a row that may fail before the cluster is taken for gone. */
const PATIENCE = 30;

/**
 * A second call, from wherever the run folder is, attaches to the job that the first one submitted. When the signal is given the job goes on.
 *
 * @throws InputError for a run that trains no language model or has one already; RayError if Ray cannot be reached, refuses, or the job fails
 */
export async function trainOn(folder: string, options: TrainOptions): Promise<TrainResult> {
  const { on, reward, apiKey, storage, signal, onStatus, onLog } = options;
  const place = { nodes: options.nodes ?? 1, gpus: options.gpus ?? 0 };
  const run = await openUntrained(folder);
  const job = await makeJob(run, configOf(run.manifest, run.path('run.json')), place);
  const files = await writeJob(run, job);
  const result = { id: job.id, folder: files };
  if (on === undefined) return { ...result, trained: false };
  const service = { url: reward, apiKey, signal };
  await checkService(job.id, service);
  const ray = new RayJobs(rayAddress(on), signal);
  const submission = await submit(ray, job, { reward, apiKey, storage, place, onStatus });
  const ended = await follow(ray, submission, { signal, onStatus, onLog, pollMs: options.pollMs ?? POLL });
  if (ended.status !== 'SUCCEEDED') {
    const why = (ended.message ?? '').trim().split('\n').at(-1);
    throw new RayError(
      `job ${submission} ${ended.status === 'STOPPED' ? 'was stopped' : 'failed'}: ${why}; the same command submits it anew`,
      rayAddress(on),
    );
  }
  await using _lock = await run.lock();
  // Much may have become of the run in the meantime.
  const now = await openUntrained(folder);
  await fetchAdapter(job.id, now.path('policy', 'adapter'), service);
  await takeAdapter(now, job, ((ended.end_time ?? 0) - (ended.start_time ?? 0)) / 1000);
  return { ...result, trained: true };
}

/** @throws InputError if the run has a trained policy */
async function openUntrained(folder: string): Promise<RunFolder> {
  const run = await RunFolder.open(folder);
  if (!run.stageDone('policy')) return run;
  throw new InputError('has a trained policy; go on with r4t compile, or compile into another --out', {
    file: folder,
  });
}

/** Stops the job of a run; resolves with its submission's id when it has ended. */
export async function stopJob(
  folder: string,
  options: TrainOptions & { readonly on: string },
): Promise<string> {
  const { on, signal, onStatus, pollMs = POLL } = options;
  const run = await RunFolder.open(folder);
  const place = { nodes: options.nodes ?? 1, gpus: options.gpus ?? 0 };
  const { id } = await makeJob(run, configOf(run.manifest, run.path('run.json')), place);
  const ray = new RayJobs(rayAddress(on), signal);
  const last = (await attempts(ray, id)).at(-1);
  if (!last) throw new InputError(`knows no job ${id} of this run`, { field: '--on' });
  if (!hasEnded(last.job)) {
    await ray.stop(last.submission);
    await follow(ray, last.submission, { signal, onStatus, pollMs });
  }
  return last.submission;
}

/**
 * The submissions of a job that Ray knows, the last of which counts. Each has an id of its own, `<id>`, `<id>-2`, ...: Ray takes a moment to
 * be rid of one that has ended, and what it has printed stays.
 */
async function attempts(ray: RayJobs, id: string): Promise<{ submission: string; job: RayJob }[]> {
  const found: { submission: string; job: RayJob }[] = [];
  for (;;) {
    const submission = attemptOf(id, found.length);
    const job = await ray.find(submission);
    if (!job) return found;
    found.push({ submission, job });
  }
}

const attemptOf = (id: string, before: number): string => (before === 0 ? id : `${id}-${before + 1}`);

/** The files are there to be read, and to be started by hand. */
async function writeJob(run: RunFolder, { id, files }: TrainJob): Promise<string> {
  const folder = run.path(TRAIN_FOLDER, id, 'job');
  for (const [name, bytes] of Object.entries(files))
    await writeFileAtomic(run.path(TRAIN_FOLDER, id, 'job', name), bytes);
  return folder;
}

interface SubmitOptions extends Pick<TrainOptions, 'reward' | 'apiKey' | 'storage' | 'onStatus'> {
  readonly place: JobPlace;
}

/**
 * Unless the job is there: waiting, running or done. One that has failed or was stopped begins anew.
 *
 * @returns the submission to follow
 */
async function submit(
  ray: RayJobs,
  { id, entrypoint, files }: TrainJob,
  { reward, apiKey, storage, place, onStatus }: SubmitOptions,
): Promise<string> {
  const before = await attempts(ray, id);
  const last = before.at(-1);
  if (last && (!hasEnded(last.job) || last.job.status === 'SUCCEEDED')) {
    onStatus?.(`attached to job ${last.submission}, which is ${last.job.status}`);
    return last.submission;
  }
  // The same files are the same package.
  const zip = zipSync({ ...files }, { level: 1, mtime: new Date('2000-01-01T00:00:00') });
  const name = `_ray_pkg_${createHash('sha256').update(zip).digest('hex').slice(0, 16)}.zip`;
  await ray.upload(name, zip);
  const env = {
    R4T_JOB: id,
    R4T_REWARD_URL: reward,
    ...(apiKey && { R4T_API_KEY: apiKey }),
    ...(storage && { R4T_STORAGE: storage }),
  };
  const submission = attemptOf(id, before.length);
  try {
    // verl takes its GPUs by itself.
    const gpus = place.nodes > 1 ? undefined : place.gpus;
    await ray.submit({ id: submission, entrypoint, package: name, env, gpus });
    const why =
      last && (last.job.status === 'STOPPED' ? ', as the last was stopped' : ', as the last has failed');
    onStatus?.(`submitted job ${submission}${why ?? ''}`);
  } catch (error) {
    // Somebody else has just submitted it.
    if (!(error instanceof RayError && (await ray.find(submission).catch(() => undefined)))) throw error;
    onStatus?.(`attached to job ${submission}`);
  }
  return submission;
}

interface FollowOptions extends Pick<TrainOptions, 'signal' | 'onStatus' | 'onLog'> {
  readonly pollMs: number;
}

/** Until the job has ended. */
async function follow(
  ray: RayJobs,
  id: string,
  { signal, onStatus, onLog, pollMs }: FollowOptions,
): Promise<RayJob> {
  let shown = '';
  let printed = 0;
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      const job = await ray.find(id);
      if (!job) throw new RayError(`job ${id} is gone; the same command submits it anew`, '', 404);
      const logs = job.status === 'PENDING' || !onLog ? '' : await ray.logs(id);
      failures = 0;
      if (logs.length > printed) onLog?.(logs.slice(printed));
      printed = Math.max(printed, logs.length);
      if (job.status !== shown) onStatus?.(`job ${id} is ${job.status}`);
      shown = job.status;
      if (hasEnded(job)) return job;
    } catch (error) {
      if (!(error instanceof RayError) || error.status === 404 || ++failures > PATIENCE) throw error;
      if (failures === 1) onStatus?.(`${error.message}; asking again`);
    }
    await sleep(pollMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}
