import {
  COMPILED,
  METHODS,
  type MethodName,
  type Metric,
  type ReportData,
  type ReportedSet,
} from '../../results.js';

const isCompiled = (name: MethodName) => COMPILED.some((compiled) => compiled === name);
const estimate = (mean: number) => ({ mean, low: mean - 0.02, high: mean + 0.03 });

/** A small report of every kind of thing: all methods, three seeds, curves, steps, sets and a failure. */
export function sampleReport({ task = 'wscr' }: { task?: 'wscr' | 'oar' } = {}): ReportData {
  const seeds = [1, 2, 3];
  const own: Metric[] =
    task === 'wscr'
      ? ['recallAtB', 'hitAtB', 'diversity', 'alignment']
      : ['groundedness', 'diversity', 'alignment', 'composite'];
  const metrics = [...own, 'diversityHeldout', 'alignmentHeldout'] as Metric[];
  const meanOf = (i: number, m: number) => 0.2 + 0.03 * i + 0.05 * m;
  const set = (i: number, query: number): ReportedSet => ({
    items: Array.from({ length: 4 }, (_, j) => ({
      id: `item-${(query + i + j) % 9}`,
      title: `Item ${(query + i + j) % 9}`,
      direction: j,
      relevant: j === 1,
    })),
    ...(isCompiled(METHODS[i]) && { subQueries: ['a tent', 'a stove', 'a lamp', 'a chair'] }),
    metrics: Object.fromEntries(own.map((name, m) => [name, meanOf(i, m) + 0.1 * Math.sin(query * (i + 1))])),
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
      heldoutEncoder: 'second-encoder',
      methods: Object.fromEntries(
        METHODS.map((name, i) => [
          name,
          {
            metrics: Object.fromEntries(metrics.map((metric, m) => [metric, estimate(meanOf(i, m))])),
            perSeed: Object.fromEntries(
              metrics.map((metric, m) => [
                metric,
                !isCompiled(name) ? [meanOf(i, m)] : seeds.map((s) => meanOf(i, m) + 0.01 * (s - 2)),
              ]),
            ),
            msPerQuery: 0.02 * 3 ** i,
            ...(['folm', 'diffusion'].includes(name) && {
              againstBestBaseline: { ...estimate(0.06), pValue: 0.004, baseline: 'keywords' as MethodName },
            }),
          },
        ]),
      ),
      tuned: { mmrLambda: 0.7, dppTheta: 0.85 },
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
      reference: ['Item 1', 'Item 2'],
      sets: Object.fromEntries(METHODS.map((name, i) => [name, set(i, query)])),
    })),
    steps: [4, 16, 64].map((steps) => ({
      steps,
      msPerQuery: 0.3 * steps,
      metrics: { [own[0]]: 0.4, diversity: 0.5, alignment: 0.4, ...(task === 'oar' && { composite: 0.4 }) },
    })),
    failures: [{ method: 'keywords', query: 'the of and', reason: 'has no content word' }],
    command: 'r4t evaluate runs/camping --out evaluation',
  };
}
