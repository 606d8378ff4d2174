import { describe, expect, it } from 'vitest';
import { inParallel } from './inParallel.js';

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
const values = [...Array(10).keys()];

describe('inParallel', () => {
  it.each([1, 3, 20])('works on %i values at a time, each once, in their order', async (concurrency) => {
    const started: number[] = [];
    let open = 0;
    let most = 0;
    await inParallel(
      values,
      async (value) => {
        started.push(value);
        most = Math.max(most, ++open);
        await tick();
        open--;
      },
      { concurrency },
    );
    expect(started).toEqual(values);
    expect(most).toBe(Math.min(concurrency, 10));
  });

  it('stops the others at the first failure, and throws it when they have ended', async () => {
    const failure = new Error('no');
    const ended: number[] = [];
    let seen: AbortSignal | undefined;
    const work = async (value: number, signal: AbortSignal) => {
      seen = signal;
      await tick();
      if (value === 4) throw failure;
      await tick();
      ended.push(value);
    };
    await expect(inParallel(values, work, { concurrency: 3 })).rejects.toBe(failure);
    expect(seen?.reason).toBe(failure);
    expect(ended).toEqual([0, 1, 2, 3, 5]);
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const seen: number[] = [];
    const work = async (value: number) => {
      seen.push(value);
      if (value === 2) controller.abort(reason);
    };
    const options = { concurrency: 1, signal: controller.signal };
    await expect(inParallel(values, work, options)).rejects.toBe(reason);
    expect(seen).toEqual([0, 1, 2]);
    await expect(inParallel(values, work, options)).rejects.toBe(reason);
    expect(seen).toHaveLength(3);
  });
});
