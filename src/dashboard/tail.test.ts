import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { MetricsTail } from './tail.js';

const temp = tempFolder();
let files = 0;
const fresh = () => temp.path(`metrics-${files++}.jsonl`);
const line = (step: number, text = '') => `${JSON.stringify({ step, text })}\n`;
const steps = ({ lines }: { lines: readonly { step: number }[] }) => lines.map(({ step }) => step);

it('reads every line once, wherever the writes are torn', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 20 }),
      fc.array(fc.nat(400), { maxLength: 12 }),
      async (texts, cuts) => {
        const file = fresh();
        const bytes = Buffer.from(texts.map((text, i) => line(i, text)).join(''));
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
          bytes.length,
        ];
        const tail = new MetricsTail(file);
        const seen: unknown[] = [];
        for (let i = 1; i < places.length; i++) {
          appendFileSync(file, bytes.subarray(places[i - 1], places[i]));
          const { reset, lines } = await tail.read();
          expect(reset).toBe(false);
          seen.push(...lines.map(({ text }) => text));
        }
        expect(seen).toEqual(texts);
      },
    ),
    { numRuns: 40 },
  );
});

it('begins anew where lines were cut off', async () => {
  const file = fresh();
  const tail = new MetricsTail(file);
  expect(await tail.read()).toEqual({ reset: false, lines: [] });
  writeFileSync(file, line(0) + line(1) + line(2));
  expect(steps(await tail.read())).toEqual([0, 1, 2]);
  truncateSync(file, line(0).length);
  const cut = await tail.read();
  expect([cut.reset, steps(cut)]).toEqual([true, [0]]);
});

it('notices lines that were cut off and written again between two looks', async () => {
  const file = fresh();
  const tail = new MetricsTail(file);
  writeFileSync(file, line(0) + line(1) + line(2));
  await tail.read();
  writeFileSync(file, line(0) + line(1, 'again') + line(2, 'again') + line(3));
  const again = await tail.read();
  expect([again.reset, steps(again)]).toEqual([true, [0, 1, 2, 3]]);
  expect(again.lines[1].text).toBe('again');
});

it('forgets a file that is deleted', async () => {
  const file = fresh();
  const tail = new MetricsTail(file);
  writeFileSync(file, line(0));
  await tail.read();
  rmSync(file);
  expect(await tail.read()).toEqual({ reset: true, lines: [] });
  expect(await tail.read()).toEqual({ reset: false, lines: [] });
  writeFileSync(file, line(0));
  expect(steps(await tail.read())).toEqual([0]);
});
