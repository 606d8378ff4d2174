/** Which method a run answers by, and what made it that one: what the stage `choose` notes in the run. */
import * as z from 'zod';
import type { Rest } from '../retrieve/method.js';
import { BASELINES, METHOD_NAMES, type Method } from '../retrieve/methodNames.js';
import type { RunFolder } from '../run/runFolder.js';
import { QUALITY_METRICS, type QualityMetric } from './qualityMetric.js';

/** A number for each method that could answer. */
export type PerMethod = Readonly<Partial<Record<Method, number>>>;

export interface Choice {
  readonly metric: QualityMetric;
  /** Validation queries that were asked. */
  readonly queries: number;
  /** Mean quality of each method's sets, with its setting. */
  readonly values: PerMethod;
  /** The value of each method's setting, where it has one. */
  readonly settings: PerMethod;
  /** The method of the highest mean. */
  readonly chosen: Method;
  /** What sets that a model chooses go on with beyond their k items; absent: the model's own other candidates alone. */
  readonly rest?: Rest;
  /** What labels say of each method on the queries that trainings are probed with, to compare these with. */
  readonly probes?: Probes;
  /** Of plain search and the best baseline, those that these queries are too few to tell the chosen method from. */
  readonly unclear: readonly Method[];
}

/** Means over the first of the validation queries. */
export interface Probes {
  readonly queries: number;
  readonly alphaNdcg: PerMethod;
  readonly precision: PerMethod;
}

/** The method behind `auto`, with what it is measured against. */
export interface Auto {
  readonly method: Method;
  readonly metric: QualityMetric;
  /** Mean over the validation queries. */
  readonly value: number;
  readonly queries: number;
  /** The same of plain search. */
  readonly plain: number;
  readonly bestBaseline: { readonly method: Method; readonly value: number };
}

/** The first of the highest: the table of methods goes from plain search to what has to be trained. */
export function winner<Name>(values: ReadonlyMap<Name, number>): Name | undefined {
  let best: Name | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const [name, value] of values) if (value > highest) [best, highest] = [name, value];
  return best;
}

/** The best of the methods that need no compiling; plain search is one of them. */
export function bestBaselineOf(values: PerMethod): Method {
  const known = BASELINES.flatMap((name) =>
    values[name] === undefined ? [] : [[name, values[name]] as const],
  );
  return winner(new Map(known)) ?? 'plain';
}

/** What is not sure about a choice; undefined where nothing is. */
export function doubtOf({ chosen, queries, unclear }: Choice): string | undefined {
  if (unclear.length === 0) return undefined;
  return `${queries} validation ${queries === 1 ? 'query is' : 'queries are'} too few to be sure that ${chosen} is better than ${unclear.join(' and ')}`;
}

export function autoOf({ metric, queries, values, chosen }: Choice): Auto {
  const baseline = bestBaselineOf(values);
  const { [chosen]: value = 0, [baseline]: best = 0, plain = 0 } = values;
  return { method: chosen, metric, value, queries, plain, bestBaseline: { method: baseline, value: best } };
}

const numbers = z.record(z.string(), z.number());
const restSchema = z.object({ method: z.enum(METHOD_NAMES), byTurns: z.boolean() });
const recordSchema = z.object({
  metric: z.enum(QUALITY_METRICS),
  queries: z.number(),
  values: numbers,
  settings: numbers,
  chosen: z.string(),
  // Runs that were compiled before there was a choice have a name; one that is not known here is no reason to forget the others.
  rest: z
    .union([restSchema, z.enum(METHOD_NAMES).transform((method) => ({ method, byTurns: true }))])
    .optional()
    .catch(undefined),
  probes: z.object({ queries: z.number(), alphaNdcg: numbers, precision: numbers }).optional(),
  unclear: z.array(z.string()),
});

/** What the run's stage `choose` noted; undefined while it is not done, and where there were no validation queries. */
export function choiceOf(run: Pick<RunFolder, 'stageDone'>): Choice | undefined {
  const { success, data } = recordSchema.safeParse(run.stageDone('choose'));
  if (!success) return undefined;
  const { metric, queries } = data;
  const chosen = METHOD_NAMES.find((name) => name === data.chosen);
  const known = (all: Readonly<Record<string, number>>): PerMethod =>
    Object.fromEntries(METHOD_NAMES.flatMap((name) => (name in all ? [[name, all[name]]] : [])));
  const unclear = METHOD_NAMES.filter((name) => data.unclear.includes(name));
  if (!chosen) return undefined;
  const { values, settings, rest, probes } = data;
  return {
    metric,
    queries,
    values: known(values),
    settings: known(settings),
    chosen,
    ...(rest && { rest }),
    ...(probes && {
      probes: {
        queries: probes.queries,
        alphaNdcg: known(probes.alphaNdcg),
        precision: known(probes.precision),
      },
    }),
    unclear,
  };
}
