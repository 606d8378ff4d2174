import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { buf as crc32c } from 'crc-32/crc32c.js';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { TrainingEvent } from '../run/trainingEvents.js';
import { writeTensorBoard } from './tensorboard.js';

const temp = tempFolder();

const EVENTS: readonly TrainingEvent[] = [
  {
    stage: 'warm-start',
    step: 0,
    time: '2026-01-02T03:04:05.678Z',
    metrics: { loss: 6.25, learningRate: 1e-4 },
  },
  { stage: 'warm-start', step: 1, time: '2026-01-02T03:04:06.000Z', metrics: { loss: -3.4e38 } },
  { stage: 'policy', step: 0, time: '2026-01-02T03:05:00.000Z', metrics: { 'reward.größe': 0.5, none: 0 } },
  { stage: 'policy', step: 123_456_789, time: '2026-01-02T03:05:00.001Z', metrics: {} },
  {
    stage: 'diffusion',
    step: 200,
    time: '2026-01-02T03:06:00.000Z',
    metrics: { [`long ${'x'.repeat(300)}`]: 1 / 3 },
  },
].map((event) => ({ run: 'shop', seconds: 1, ...event }) as TrainingEvent);

/** What TensorBoard 2.21 read in the file that these events make: made once by fixtures/read_events.py. */
const fixture = JSON.parse(readFileSync(new URL('fixtures/tensorboard.json', import.meta.url), 'utf8')) as {
  name: string;
  base64: string;
  scalars: Record<string, [number, number, number][]>;
};

it('writes the file that TensorBoard has read', async () => {
  const file = await writeTensorBoard(temp.path('tb'), EVENTS);
  expect(basename(file)).toBe(fixture.name);
  expect(readFileSync(file).toString('base64')).toBe(fixture.base64);
});

it('TensorBoard has read in it what was written', () => {
  const written = EVENTS.flatMap(({ stage, step, time, metrics }) =>
    Object.entries(metrics).map(([name, value]) => [
      `${stage}/${name}`,
      Date.parse(time) / 1000,
      step,
      Math.fround(value),
    ]),
  );
  const read = Object.entries(fixture.scalars).flatMap(([tag, points]) =>
    points.map((point) => [tag, ...point]),
  );
  expect(read.sort()).toEqual(written.sort());
});

it('has the checksums of CRC-32C (RFC 3720, B.4)', () => {
  expect(crc32c(new Uint8Array(32)) >>> 0).toBe(0x8a9136aa);
  expect(crc32c(Buffer.from('123456789')) >>> 0).toBe(0xe3069283);
});

it('replaces what it has written of a run, and names a file that cannot be', async () => {
  const first = await writeTensorBoard(temp.path('again'), EVENTS.slice(0, 2));
  const second = await writeTensorBoard(temp.path('again'), EVENTS);
  expect(second).toBe(first);
  expect(readFileSync(second).toString('base64')).toBe(fixture.base64);
  temp.write('taken', []);
  await expect(writeTensorBoard(temp.path('taken/below'), EVENTS)).rejects.toThrow('not a folder');
});
