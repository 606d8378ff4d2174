/** The shape of `results.json` and `report.json`. */
import * as z from 'zod';
import { QUALITY_METRICS } from '../../choose/qualityMetric.js';
import { type EvaluationResults, METHODS, METRICS, type MethodName, type ReportData } from '../results.js';
import { isMeaningful, methodsOf } from './names.js';

const method = z.enum(METHODS);
const metric = z.enum(METRICS);
const estimate = z.object({ mean: z.number(), low: z.number(), high: z.number() });
const perSeed = z.partialRecord(metric, z.array(z.number()));
const comparison = estimate.extend({ pValue: z.number() });
/** What both files have beside the metrics of a method. */
const besideMetrics = {
  perSeed,
  msPerQuery: z.number(),
  validation: z.number().optional(),
  againstPlain: comparison.optional(),
  againstBestBaseline: comparison.extend({ baseline: method }).optional(),
};

const header = {
  dataset: z.string(),
  task: z.enum(['oar', 'wscr']),
  budget: z.int().positive(),
  k: z.int().positive(),
  seeds: z.array(z.int()),
  queries: z.object({ train: z.int(), valid: z.int(), test: z.int() }),
  items: z.int(),
  labelled: z.int().nonnegative(),
  chosen: method.optional(),
  validated: z.object({ metric: z.enum(QUALITY_METRICS), queries: z.int() }).optional(),
  heldoutEncoder: z.string().optional(),
  judge: z.string().optional(),
  tuned: z.record(z.string(), z.number()),
  peakMemoryMiB: z.number(),
};

/** `results.json`: the figures for other programs, each metric beside `msPerQuery` in its method; more may stand there. */
export const resultsFileSchema = z.looseObject({
  ...header,
  methods: z.partialRecord(
    method,
    z.looseObject({
      ...(Object.fromEntries(METRICS.map((name) => [name, estimate.optional()])) as Record<
        (typeof METRICS)[number],
        z.ZodOptional<typeof estimate>
      >),
      ...besideMetrics,
    }),
  ),
});

/** The results as `results.json` has them. */
export function resultsFile(results: EvaluationResults): z.input<typeof resultsFileSchema> {
  const { dataset, task, budget, seeds, methods, ...others } = results;
  const flat = methodsOf({ methods }).map((name) => {
    const { metrics, ...beside } = methods[name]!;
    return [name, { ...metrics, ...beside }] as const;
  });
  return { dataset, task, budget, seeds: [...seeds], methods: Object.fromEntries(flat), ...others };
}

const metricValues = z.partialRecord(metric, z.number());

/** `report.json`: everything a report shows. */
export const reportSchema: z.ZodType<ReportData> = z.object({
  results: z.object({
    ...header,
    methods: z.partialRecord(
      method,
      z.object({
        metrics: z.partialRecord(metric, estimate),
        ...besideMetrics,
      }),
    ),
  }),
  curves: z.array(
    z.object({
      stage: z.enum(['warm-start', 'policy', 'diffusion']),
      seed: z.int(),
      points: z.array(z.record(z.string(), z.number())),
    }),
  ),
  queries: z.array(
    z.object({
      query: z.string(),
      reference: z.array(z.string()).optional(),
      sets: z.partialRecord(
        method,
        z.object({
          items: z.array(
            z.object({
              id: z.string(),
              title: z.string(),
              image: z.string().optional(),
              direction: z.int(),
              relevant: z.boolean().optional(),
            }),
          ),
          subQueries: z.array(z.string()).optional(),
          metrics: metricValues,
        }),
      ),
    }),
  ),
  steps: z.array(z.object({ steps: z.int(), msPerQuery: z.number(), metrics: metricValues })),
  failures: z.array(z.object({ method, query: z.string(), reason: z.string() })),
  command: z.string(),
});

/**
 * The data without figures that say nothing: groundedness of methods without directions, and what is not finite, which
 * JSON cannot hold (a metrics log has null for it). A table shows a dash, a curve goes on at its next point.
 */
export function meaningful(data: ReportData): ReportData {
  const { results, curves, queries, steps } = data;
  return {
    ...data,
    results: {
      ...results,
      methods: mapMethods(results.methods, (result, name) => ({
        ...result,
        metrics: keep(
          result.metrics,
          ({ mean, low, high }, key) => isMeaningful(name, key) && isFiniteNumber(mean + low + high),
        ),
        perSeed: keep(
          result.perSeed,
          (values, key) => isMeaningful(name, key) && values.every(isFiniteNumber),
        ),
      })),
    },
    curves: curves.map((curve) => ({
      ...curve,
      points: curve.points.map((point) => keep(point, isFiniteNumber)),
    })),
    queries: queries.map((query) => ({
      ...query,
      sets: mapMethods(query.sets, (set, name) => ({
        ...set,
        metrics: keep(set.metrics, (value, key) => isMeaningful(name, key) && isFiniteNumber(value)),
      })),
    })),
    steps: steps.map((step) => ({ ...step, metrics: keep(step.metrics, isFiniteNumber) })),
  };
}

/** Not a number, infinite, or no number at all. */
const isFiniteNumber = (value: unknown): boolean => Number.isFinite(value);

function keep<T extends object>(record: T, wanted: (value: T[keyof T] & {}, key: keyof T) => boolean): T {
  const entries = Object.entries(record) as [keyof T, T[keyof T] & {}][];
  return Object.fromEntries(entries.filter(([key, value]) => value !== undefined && wanted(value, key))) as T;
}

function mapMethods<V>(
  record: Partial<Record<MethodName, V>>,
  map: (value: V, name: MethodName) => V,
): Partial<Record<MethodName, V>> {
  const entries = Object.entries(record) as [MethodName, V | undefined][];
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, map(value, name)]])),
  );
}
