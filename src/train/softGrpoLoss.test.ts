import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type LossNumbers, lossNumbers } from './testing/lossNumbers.js';

const FIXTURE = new URL('../../integrations/python/test/fixtures/soft_grpo_loss.json', import.meta.url);

it("the numbers that TRL's trainer is checked against are this engine's", async () => {
  const stored = JSON.parse(readFileSync(FIXTURE, 'utf8')) as LossNumbers;
  const { loss, gradient, ...given } = await lossNumbers();
  const { loss: storedLoss, gradient: storedGradient, ...storedGiven } = stored;
  expect(given).toEqual(storedGiven);
  expect(loss).toBeCloseTo(storedLoss, 6);
  gradient.flat().forEach((value, i) => {
    expect(value).toBeCloseTo(storedGradient.flat()[i], 6);
  });
});
