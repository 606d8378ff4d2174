/** What a run's trainings measured, as one stream of events that other programs read. */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { choiceOf } from '../choose/choice.js';
import { readMetrics } from './metricsLog.js';
import { RunFolder } from './runFolder.js';

/** What one step of a training measured. */
export interface TrainingEvent {
  /** Name of the run folder. */
  readonly run: string;
  readonly stage: 'warm-start' | 'policy' | 'diffusion' | 'choose';
  /** The training step, from 0. Each stage has its own. */
  readonly step: number;
  /** When it was done, ISO 8601. Pauses between sessions are not known: it is as if the stage had been one. */
  readonly time: string;
  /** Working time of the stage so far. */
  readonly seconds: number;
  /** Finite numbers by their names; of `choose`, the mean quality of each method on the validation queries. */
  readonly metrics: Readonly<Record<string, number>>;
}

const TRAININGS = ['warm-start', 'policy', 'diffusion'] as const;

/**
 * The events of a run so far, stage by stage. A run may be read while it is compiled.
 *
 * @throws InputError if the folder holds no run, or a metrics file is damaged
 *
 * @example
 * for (const { stage, step, metrics } of await trainingEvents('runs/shop')) console.log(stage, step, metrics.reward);
 */
export async function trainingEvents(folder: string): Promise<TrainingEvent[]> {
  const run = await RunFolder.open(folder);
  const name = basename(resolve(folder));
  const events: TrainingEvent[] = [];
  for (const stage of TRAININGS) {
    const file = run.path(stage, 'metrics.jsonl');
    const lines = await readMetrics(file);
    const done = run.stageDone(stage);
    const total = done?.seconds ?? asNumber(lines.at(-1)?.seconds);
    const end = done
      ? Date.parse(done.finishedAt)
      : ((await stat(file).catch(() => undefined))?.mtimeMs ?? 0);
    for (const { step, seconds: worked, ...measured } of lines) {
      const seconds = asNumber(worked);
      const time = new Date(end - 1000 * (total - seconds)).toISOString();
      events.push({ run: name, stage, step, time, seconds, metrics: numbersOf(measured) });
    }
  }
  const chosen = run.stageDone('choose');
  const choice = choiceOf(run);
  if (chosen && choice) {
    const { seconds, finishedAt: time } = chosen;
    events.push({ run: name, stage: 'choose', step: 0, time, seconds, metrics: numbersOf(choice.values) });
  }
  return events;
}

const asNumber = (value: unknown): number => (typeof value === 'number' ? value : 0);

const numbersOf = (values: object): Record<string, number> =>
  Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  );
