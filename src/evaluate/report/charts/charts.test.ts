import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METHODS, type Metric, type ReportData } from '../../results.js';
import { sampleReport } from '../testing/sampleReport.js';
import { averaged, curveChart, curvePanels, lastValue } from './curves.js';
import { forestChart } from './forest.js';
import { latencyChart } from './latency.js';
import { frontier, paretoChart } from './pareto.js';

const size = { width: 720, height: 400 };
const wscr = sampleReport();
const oar = sampleReport({ task: 'oar' });
const count = (text: unknown, part: string) => String(text).split(part).length - 1;

/** The points of a polyline or the like, as numbers. */
const pointsOf = (svg: unknown, className: string) =>
  (new RegExp(`class="${className}" points="([^"]+)"`).exec(String(svg))?.[1] ?? '')
    .split(' ')
    .map((pair) => pair.split(',').map(Number));

describe('frontier', () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }));
  it('is what no other point beats in both', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1 }), (points) => {
        const kept = frontier(points);
        const beats = (a: readonly number[], b: readonly number[]) =>
          a[0] >= b[0] && a[1] >= b[1] && (a[0] > b[0] || a[1] > b[1]);
        const wanted = points.filter((a) => !points.some((b) => beats(b, a)));
        expect(new Set(kept.map(String))).toEqual(new Set(wanted.map(String)));
        expect(kept.map(([x]) => x)).toEqual(kept.map(([x]) => x).sort((a, b) => a - b));
      }),
    );
  });
});

describe('paretoChart', () => {
  it('has a mark and a cross for every method, higher alignment higher up', () => {
    const svg = paretoChart(wscr.results, { encoder: 'own', ...size });
    expect(count(svg, 'class="mark ')).toBe(METHODS.length);
    expect(count(svg, 'class="mark policy compiled"')).toBe(1);
    expect(count(svg, 'class="whisker ')).toBe(METHODS.length);
    expect(String(svg)).toContain('<title>FOLM: diversity 0.740, alignment 0.770</title>');
    const places = [...String(svg).matchAll(/translate\(([\d.]+) ([\d.]+)\)/g)].map(([, x, y]) => [+x, +y]);
    // The sample's methods get better in both from first to last.
    for (let i = 1; i < METHODS.length; i++) {
      expect(places[i][0]).toBeGreaterThan(places[i - 1][0]);
      expect(places[i][1]).toBeLessThan(places[i - 1][1]);
    }
  });

  it('is absent without a second encoder', () => {
    expect(paretoChart(wscr.results, { encoder: 'heldout', ...size })).toBeDefined();
    const { plain } = wscr.results.methods;
    const methods = { plain, mmr: { ...plain!, metrics: { diversity: { mean: 1, low: 1, high: 1 } } } };
    expect(paretoChart({ ...wscr.results, methods }, { encoder: 'own', ...size })).toBeUndefined();
  });
});

describe('latencyChart', () => {
  it('has the methods, and the diffusion at its step counts in order', () => {
    const data: ReportData = { ...wscr, steps: [...wscr.steps].reverse() };
    const svg = latencyChart(data, { metric: 'alphaNdcgAtK', ...size });
    expect(count(svg, 'class="mark ')).toBe(METHODS.length + 3);
    expect(String(svg)).toContain('<title>Diffusion, 64 steps: alpha-nDCG@4 0.400, 19.2 ms a query</title>');
    const line = pointsOf(svg, 'step-line');
    expect(line).toHaveLength(3);
    expect(line.map(([x]) => x)).toEqual(line.map(([x]) => x).sort((a, b) => a - b));
    // Four times the milliseconds are the same way everywhere on a logarithmic axis.
    expect(line[2][0] - line[1][0]).toBeCloseTo(line[1][0] - line[0][0], 0);
  });

  it('leaves out methods without the metric', () => {
    expect(count(latencyChart(oar, { metric: 'composite', ...size }), 'class="mark ')).toBe(10 + 3);
    expect(
      latencyChart({ results: { ...oar.results, methods: {} }, steps: [] }, { metric: 'composite', ...size }),
    ).toBe(undefined);
  });
});

describe('forestChart', () => {
  it('has a row for each method, and ticks where there are several seeds', () => {
    const svg = forestChart(wscr.results, { metric: 'recallAtB', width: 720 });
    expect(count(svg, 'class="interval"')).toBe(METHODS.length);
    expect(count(svg, 'class="seed"')).toBe(7 * 3);
    expect(count(svg, 'class="reference"')).toBe(1);
  });

  it('has no row and no reference for methods without directions', () => {
    const svg = forestChart(oar.results, { metric: 'composite', width: 350 });
    expect(count(svg, 'class="interval"')).toBe(10);
    expect(count(svg, 'class="reference"')).toBe(0);
    expect(String(svg)).not.toContain('Plain');
  });
});

describe('curvePanels', () => {
  it('puts the reward before its components, and both before what tells of a collapse', () => {
    expect(curvePanels(wscr.curves, 'policy').map(({ name }) => name)).toEqual([
      'reward',
      'coverage',
      'kl',
      'entropy',
      'duplicateShare',
      'loss',
    ]);
    expect(curvePanels(wscr.curves, 'policy')[0].lines.map(({ seed }) => seed)).toEqual([1, 2, 3]);
    expect(curvePanels(wscr.curves, 'warm-start')).toEqual([]);
  });

  it('goes on where a point has no figure', () => {
    const points: Record<string, number>[] = [{ step: 0, loss: 3 }, { step: 1 }, { step: 2, loss: 1 }];
    const [panel] = curvePanels([{ stage: 'diffusion', seed: 1, points }], 'diffusion');
    expect(panel.lines[0].points).toEqual([
      [0, 3],
      [2, 1],
    ]);
    expect(lastValue(panel)).toBe(1);
  });
});

describe('averaged', () => {
  it('keeps mean and order of a long log in few points', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (length) => {
        const points = Array.from({ length }, (_, i) => [i, 3 * i] as const);
        const kept = averaged(points);
        expect(kept.length).toBeLessThanOrEqual(80);
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(length, 80));
        for (const [step, value] of kept) expect(value).toBeCloseTo(3 * step);
        for (let i = 1; i < kept.length; i++) expect(kept[i][0]).toBeGreaterThan(kept[i - 1][0]);
      }),
    );
  });
});

describe('curveChart', () => {
  it('draws a line a seed, and a falling loss on a logarithmic axis', () => {
    const panels = curvePanels(wscr.curves, 'policy');
    const loss = String(curveChart(panels[5]));
    expect(count(loss, '<polyline')).toBe(3);
    expect(loss).toContain('aria-label="Loss by training step, log scale"');
    expect(String(curveChart(panels[0]))).toContain('aria-label="Reward by training step"');
  });

  it('draws one point, and equal ones', () => {
    for (const points of [
      [{ step: 3, loss: 2 }],
      [
        { step: 0, loss: 0 },
        { step: 1, loss: 0 },
      ],
    ]) {
      const svg = String(curveChart(curvePanels([{ stage: 'diffusion', seed: 1, points }], 'diffusion')[0]));
      expect(svg).not.toMatch(/NaN|Infinity/);
      expect(pointsOf(svg, 'curve c0')).toHaveLength(points.length);
    }
  });
});

it('no chart has a coordinate that is not a number, whatever the figures are', () => {
  const value = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, value), { minLength: 2, maxLength: 5 }), (rows) => {
      const names = ['plain', 'mmr', 'keywords', 'folm', 'diffusion'] as const;
      const estimate = (mean: number) => ({ mean, low: mean, high: mean });
      const methods = Object.fromEntries(
        rows.map(([diversity, alignment, recall], i) => [
          names[i],
          {
            metrics: {
              diversity: estimate(diversity),
              alignment: estimate(alignment),
              recallAtB: estimate(recall),
            },
            perSeed: {},
            msPerQuery: Math.abs(recall),
          },
        ]),
      );
      const data = { results: { ...wscr.results, methods }, steps: [] };
      const metric: Metric = 'recallAtB';
      const charts = [
        paretoChart(data.results, { encoder: 'own', ...size }),
        latencyChart(data, { metric, ...size }),
        forestChart(data.results, { metric, width: 350 }),
      ];
      expect(charts.join('')).not.toMatch(/NaN|Infinity|undefined/);
    }),
    { numRuns: 50 },
  );
});
