import {
  COMPILED,
  LABEL_METRICS,
  METHODS,
  type MethodName,
  type Metric,
  type ReportData,
  type ReportedSet,
} from '../../results.js';
import { isMeaningful } from '../names.js';

const isCompiled = (name: MethodName) => COMPILED.some((compiled) => compiled === name);
const estimate = (mean: number) => ({ mean, low: mean - 0.02, high: mean + 0.03 });
const BASELINE: MethodName = 'classifier';

export interface SampleOptions {
  readonly task?: 'wscr' | 'oar';
  /** Whether queries have reference sets (where the task needs them). */
  readonly labelled?: boolean;
  /** Whether a judge says what the items are worth, where they have none (false). */
  readonly judged?: boolean;
}

/** A small report of every kind of thing: all methods, three seeds, labels, curves, steps, sets and a failure. */
export function sampleReport({
  task = 'wscr',
  labelled = task === 'wscr',
  judged = false,
}: SampleOptions = {}): ReportData {
  const seeds = [1, 2, 3];
  const own: Metric[] = [
    ...(labelled ? LABEL_METRICS : []),
    ...(task === 'wscr' ? (['recallAtB', 'hitAtB'] as const) : []),
    ...(judged ? (['judgedAtK'] as const) : []),
    ...(['groundedness', 'diversity', 'alignment', 'composite'] as const),
  ];
  const metrics: Metric[] = [...own, 'diversityHeldout', 'alignmentHeldout'];
  const meanOf = (i: number, m: number) => 0.1 + 0.02 * i + 0.03 * m;
  const metricsOf = <T>(name: MethodName, value: (m: number) => T) =>
    Object.fromEntries(
      metrics.flatMap((metric, m) => (isMeaningful(name, metric) ? [[metric, value(m)] as const] : [])),
    );
  const main = own.indexOf('alphaNdcgAtK');
  const against = (name: MethodName, rival: MethodName) => {
    const [i, j] = [name, rival].map((method) => METHODS.indexOf(method));
    return { ...estimate(meanOf(i, main) - meanOf(j, main)), pValue: 0.004 };
  };
  const set = (i: number, query: number): ReportedSet => ({
    items: Array.from({ length: 4 }, (_, j) => ({
      id: `item-${(query + i + j) % 9}`,
      title: `Item ${(query + i + j) % 9}`,
      direction: j,
      ...(labelled && { relevant: j === 1 }),
    })),
    ...(isCompiled(METHODS[i]) && { subQueries: ['a tent', 'a stove', 'a lamp', 'a chair'] }),
    metrics: metricsOf(METHODS[i], (m) => meanOf(i, m) + 0.1 * Math.sin(query * (i + 1))),
  });
  return {
    results: {
      dataset: 'camping',
      task,
      budget: 40,
      k: 4,
      seeds,
      queries: { train: 80, valid: 10, test: 12 },
      items: 1234,
      labelled: labelled ? 12 : 0,
      ...(labelled && { chosen: 'diffusion' as const }),
      heldoutEncoder: 'second-encoder',
      ...(judged && { judge: 'hybrid' }),
      methods: Object.fromEntries(
        METHODS.map((name, i) => [
          name,
          {
            metrics: metricsOf(name, (m) => estimate(meanOf(i, m))),
            perSeed: metricsOf(name, (m) =>
              !isCompiled(name) ? [meanOf(i, m)] : seeds.map((s) => meanOf(i, m) + 0.01 * (s - 2)),
            ),
            msPerQuery: 0.02 * 1.5 ** i,
            ...(labelled && {
              validation: meanOf(i, main) - 0.01,
              ...(name !== 'plain' && { againstPlain: against(name, 'plain') }),
              ...(name !== BASELINE && {
                againstBestBaseline: { ...against(name, BASELINE), baseline: BASELINE },
              }),
            }),
          },
        ]),
      ),
      tuned: { 'mmr.diversity': 0.3, 'vote.neighbours': 10 },
      peakMemoryMiB: 1480.2,
    },
    curves: [
      ...seeds.map((seed) => ({
        stage: 'policy' as const,
        seed,
        points: Array.from({ length: 50 }, (_, step) => ({
          step,
          reward: 0.3 + 0.008 * step,
          coverage: 0.3 + 0.008 * step,
          'coverage.raw': 0.3 + 0.008 * step,
          kl: 0.01 * seed,
          entropy: 2 - 0.02 * step,
          duplicateShare: 0.1,
          loss: 1 / (step + 1),
        })),
      })),
      {
        stage: 'diffusion',
        seed: 1,
        points: [
          { step: 0, loss: 2 },
          { step: 1, loss: 1 },
        ],
      },
    ],
    queries: Array.from({ length: 12 }, (_, query) => ({
      query: `query ${query}`,
      ...(labelled && { reference: ['Item 1', 'Item 2'] }),
      sets: Object.fromEntries(METHODS.map((name, i) => [name, set(i, query)])),
    })),
    steps: [4, 16, 64].map((steps) => ({
      steps,
      msPerQuery: 0.3 * steps,
      metrics: { ...(labelled && { alphaNdcgAtK: 0.4 }), diversity: 0.5, alignment: 0.4, composite: 0.4 },
    })),
    failures: [{ method: 'keywords', query: 'the of and', reason: 'has no content word' }],
    command: 'r4t evaluate runs/camping --out evaluation',
  };
}
