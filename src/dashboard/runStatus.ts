/** How far a run is, from its manifest, its lock and its files. */
import { readdir } from 'node:fs/promises';
import { bestBaselineOf, choiceOf, type PerMethod } from '../choose/choice.js';
import { COMPILE_STAGES, type CompileStage } from '../compile/stage.js';
import { trainingDefaults } from '../diffusion/config.js';
import { readJson } from '../files.js';
import { collapseWarning } from '../policy/collapse.js';
import { type Config, isTrained } from '../run/config.js';
import { isLocked } from '../run/lock.js';
import { configOf } from '../run/manifest.js';
import type { MetricsLine } from '../run/metricsLog.js';
import type { RunFolder } from '../run/runFolder.js';
import { QUERIES_PER_SHARD } from '../synthesis/synthesize.js';
import type { Baseline, RunStatus, StageStatus, Training } from './events.js';

/** The last lines of every training, oldest first. */
export type LatestLines = ReadonlyMap<Training, readonly MetricsLine[]>;

export async function runStatus(
  run: RunFolder,
  latest: LatestLines,
): Promise<Omit<RunStatus, 'run' | 'name' | 'folder'>> {
  const { manifest } = run;
  const config = configOf(manifest, run.path('run.json'));
  const locked = await isLocked(run.path('run.lock'));
  const current = COMPILE_STAGES.find((stage) => !run.stageDone(stage));
  const stages: StageStatus[] = [];
  for (const stage of COMPILE_STAGES) {
    const record = run.stageDone(stage);
    if (record) stages.push({ stage, state: 'done', seconds: record.seconds });
    else if (stage !== current) stages.push({ stage, state: 'open' });
    else stages.push(await currentStage(run, stage, { config, locked, latest }));
  }
  const { duplicateShare, entropy } = latest.get('policy')?.at(-1) ?? { step: 0 };
  const warning =
    typeof duplicateShare === 'number' && typeof entropy === 'number'
      ? collapseWarning({ duplicateShare, entropy })
      : undefined;
  return {
    items: manifest.catalog.items,
    k: config.k,
    baselines: bestBaselines(run),
    settings: flatten(manifest.config),
    stages,
    warning,
  };
}

/** By each figure the highest, whichever method that is. */
function bestBaselines(run: RunFolder): RunStatus['baselines'] {
  const { probes } = choiceOf(run) ?? {};
  if (!probes) return undefined;
  const best = (values: PerMethod): Baseline => {
    const method = bestBaselineOf(values);
    return { method, value: values[method] ?? 0 };
  };
  return {
    'validation.alphaNdcg': best(probes.alphaNdcg),
    'validation.precision': best(probes.precision),
  };
}

interface Circumstances {
  readonly config: Config;
  readonly locked: boolean;
  readonly latest: LatestLines;
}

async function currentStage(
  run: RunFolder,
  stage: CompileStage,
  { config, locked, latest }: Circumstances,
): Promise<StageStatus> {
  const progress =
    stage === 'synthesis'
      ? await synthesisProgress(run)
      : trainingProgress(stepsOf(config, stage), latest.get(stage as Training) ?? []);
  if (locked) return { stage, state: 'running', ...progress };
  const { remaining: _, ...sofar } = progress;
  return { stage, state: (sofar.done ?? 0) > 0 ? 'stopped' : 'open', ...sofar };
}

function stepsOf({ policy, diffusion }: Config, stage: CompileStage): number | undefined {
  if (stage === 'diffusion') return diffusion.steps ?? trainingDefaults[diffusion.preset].steps;
  if (!isTrained(policy)) return undefined;
  if (stage === 'warm-start') return policy.warmStartSteps;
  if (stage === 'policy') return policy.steps;
  return undefined;
}

type Progress = Pick<StageStatus, 'done' | 'total' | 'seconds' | 'remaining'>;

/** Exported for its test: the time left follows from the working time of the last steps. */
function trainingProgress(total: number | undefined, lines: readonly MetricsLine[]): Progress {
  if (total === undefined) return {};
  const last = lines.at(-1);
  if (!last) return { done: 0, total };
  const done = last.step + 1;
  const secondsOf = (line: MetricsLine) => (typeof line.seconds === 'number' ? line.seconds : Number.NaN);
  const pace = (secondsOf(last) - secondsOf(lines[0])) / (last.step - lines[0].step);
  const remaining = (total - done) * pace;
  return {
    done,
    total,
    ...(Number.isFinite(secondsOf(last)) && { seconds: secondsOf(last) }),
    ...(Number.isFinite(remaining) && { remaining }),
  };
}

async function synthesisProgress(run: RunFolder): Promise<Progress> {
  const files = await readdir(run.path('synthesis')).catch(() => []);
  const shards = files.filter((name) => /^shard-\d+\.safetensors$/.test(name)).length;
  const queries = (await readJson(run.path('encode', 'queries.json'))) as { split: string }[];
  const total = queries.filter(({ split }) => split === 'train').length;
  return { done: Math.min(total, shards * QUERIES_PER_SHARD), total };
}

/** `{ policy: { steps: 40 } }` -> `{ 'policy.steps': '40' }`. */
function flatten(value: object, path = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]): [string, string][] =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.entries(flatten(inner, `${path}${name}.`))
        : [[`${path}${name}`, typeof inner === 'string' ? inner : JSON.stringify(inner)]],
    ),
  );
}
