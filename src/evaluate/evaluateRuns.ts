/** Runs that differ in nothing but their seed, as one report. */
import { basename, join } from 'node:path';
import type { Encoder } from '../encode/encoder.js';
import { InputError, R4tError } from '../errors.js';
import { configOf } from '../run/manifest.js';
import { type MetricsLine, readMetrics } from '../run/metricsLog.js';
import { RunFolder } from '../run/runFolder.js';
import { reportData } from './aggregate.js';
import { type EvaluateRunOptions, evaluateRun, type RunEvaluation } from './evaluateRun.js';
import { writeReport } from './report/report.js';
import { COMPILED, type ReportData, type ReportedCurve } from './results.js';

export interface EvaluateRunsOptions extends Omit<EvaluateRunOptions, 'methods'> {
  /** Folder for the report. */
  readonly out: string;
  /** Name of the data set (that of the first run's folder). */
  readonly dataset?: string;
  /** What makes the report again. */
  readonly command: string;
}

/** Points of a training curve in the report. */
const CURVE_POINTS = 300;

/**
 * Evaluates the runs and writes the report.
 *
 * @throws InputError if a run is not finished, lacks held-out queries, or is of other queries than the first
 */
export async function evaluateRuns(
  runs: readonly string[],
  { out, dataset, command, ...options }: EvaluateRunsOptions,
): Promise<ReportData> {
  const evaluations: RunEvaluation[] = [];
  const seconds: number[] = [];
  let heldoutEncoder: Encoder | undefined;
  for (const [i, run] of runs.entries()) {
    const started = performance.now();
    const evaluation = await evaluateRun(run, {
      ...options,
      methods: i === 0 ? undefined : COMPILED,
      steps: i === 0 ? undefined : [],
      heldoutEncoder: async (catalog) => {
        heldoutEncoder ??= await options.heldoutEncoder?.(catalog);
        return heldoutEncoder;
      },
    });
    const first = evaluations[0] ?? evaluation;
    if (evaluation.test.texts.some((text, q) => text !== first.test.texts[q]))
      throw new InputError(`has other test queries than ${runs[0]}; evaluate it alone`, { file: run });
    evaluations.push(evaluation);
    seconds.push((performance.now() - started) / 1000);
  }
  const measured = reportData(evaluations, {
    dataset: dataset ?? basename(runs[0]),
    heldoutEncoder: evaluations[0].heldoutEncoder,
    curves: (await Promise.all(runs.map(readCurves))).flat(),
    command,
  });
  const report = await writeReport(out, measured);
  for (const [i, run] of runs.entries()) {
    await noteEvaluation(run, evaluations[i], seconds[i]).catch((error: unknown) => {
      if (!(error instanceof R4tError)) throw error;
      // A run that may not be written, or is in use, is evaluated all the same.
      const warning = `${error.message} (the report is written; only the run does not know that it is evaluated)`;
      options.onProgress?.({ stage: 'evaluate', done: i + 1, total: runs.length, warning });
    });
  }
  return report;
}

/** Notes in the run that it is evaluated and, if its compilation has not, which method it answers by. */
async function noteEvaluation(folder: string, { choice }: RunEvaluation, seconds: number): Promise<void> {
  await using _lock = await (await RunFolder.open(folder)).lock();
  const run = await RunFolder.open(folder);
  if (choice && !run.stageDone('choose')) await run.finishStage('choose', { seconds: 0, ...choice });
  await run.finishStage('evaluate', { seconds });
}

async function readCurves(folder: string): Promise<ReportedCurve[]> {
  const { seed } = configOf((await RunFolder.open(folder)).manifest, folder);
  const stages = ['warm-start', 'policy', 'diffusion'] as const;
  const curves = await Promise.all(
    stages.map(async (stage) => {
      const lines = await readMetrics(join(folder, stage, 'metrics.jsonl'));
      const every = Math.max(1, Math.ceil(lines.length / CURVE_POINTS));
      return { stage, seed, points: lines.filter((_, i) => i % every === 0).map(numbersOf) };
    }),
  );
  return curves.filter(({ points }) => points.length > 0);
}

function numbersOf(line: MetricsLine): Record<string, number> {
  return Object.fromEntries(
    Object.entries(line).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
