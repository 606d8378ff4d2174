import { expect, it } from 'vitest';
import type { DashboardEvent, RunStatus } from '../../src/dashboard/events.js';
import { type Runs, told } from './store.ts';

const status = (run: number, name: string): DashboardEvent => ({
  type: 'status',
  data: { run, name, folder: name, items: 3, k: 4, settings: {}, stages: [] } satisfies RunStatus,
});
const losses = (run: number, steps: number[], reset = false): DashboardEvent => ({
  type: 'metrics',
  data: { run, stage: 'policy', reset, lines: steps.map((step) => ({ step, loss: 1 / (step + 1) })) },
});
const probes = (run: number, steps: number[], reset = false): DashboardEvent => ({
  type: 'probes',
  data: { run, reset, lines: steps.map((step) => ({ step, probes: [] })) },
});
const after = (...events: DashboardEvent[]): Runs => events.reduce(told, {});

it('collects the figures of each run, and keeps them when its status changes', () => {
  const runs = after(
    status(0, 'a'),
    losses(0, [0, 1]),
    status(1, 'b'),
    losses(1, [0]),
    losses(0, [2]),
    status(0, 'c'),
  );
  expect(runs[0].metrics.policy?.map(({ step }) => step)).toEqual([0, 1, 2]);
  expect(runs[1].metrics.policy).toHaveLength(1);
  expect(runs[0].status.name).toBe('c');
});

it('forgets what a resumed training has cut off', () => {
  const runs = after(
    status(0, 'a'),
    losses(0, [0, 1, 2]),
    probes(0, [0, 2]),
    losses(0, [0, 1], true),
    probes(0, [0], true),
  );
  expect(runs[0].metrics.policy?.map(({ step }) => step)).toEqual([0, 1]);
  expect(runs[0].probes.map(({ step }) => step)).toEqual([0]);
});

it('changes nothing that was drawn before', () => {
  const before = after(status(0, 'a'), losses(0, [0]));
  const copy = structuredClone(before);
  told(before, losses(0, [1]));
  expect(before).toEqual(copy);
});
