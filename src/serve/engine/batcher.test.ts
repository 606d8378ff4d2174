import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Batcher, QueueFull, WaitedTooLong } from './batcher.js';

/** A function that answers when it is told to. */
function gate() {
  const batches: number[][] = [];
  const waiting: (() => void)[] = [];
  return {
    batches,
    run: (jobs: readonly number[]) => {
      batches.push([...jobs]);
      return new Promise<string[]>((resolve) => {
        waiting.push(() => resolve(jobs.map((job) => `answer ${job}`)));
      });
    },
    async open() {
      waiting.shift()?.();
      await pause();
    },
  };
}

const pause = () => new Promise((resolve) => setImmediate(resolve));
const time = { milliseconds: 60_000 };

it('collects what comes while it is busy, in its order', async () => {
  const { run, batches, open } = gate();
  const batcher = new Batcher({ run });
  const first = batcher.submit([1], time);
  const rest = [batcher.submit([2, 3], time), batcher.submit([4], time)];
  expect(batches).toEqual([[1]]);
  expect(batcher.queued).toBe(3);
  await open();
  expect(batches).toEqual([[1], [2, 3, 4]]);
  expect((await first).map(({ answer }) => answer)).toEqual(['answer 1']);
  await open();
  const answers = (await Promise.all(rest)).map((batch) => batch.map(({ answer }) => answer));
  expect(answers).toEqual([['answer 2', 'answer 3'], ['answer 4']]);
  expect(batcher.queued).toBe(0);
});

it('answers every job by its own answer, in batches that are not too heavy', async () => {
  const requests = fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(requests, fc.integer({ min: 1, max: 10 }), async (sent, maxBatch) => {
      const batches: number[][] = [];
      const batcher = new Batcher({
        async run(jobs: readonly number[]) {
          batches.push([...jobs]);
          await pause();
          return jobs.map((job) => job * 2);
        },
        weight: (job) => job,
        maxBatch,
        maxQueue: 10_000,
      });
      const answers = await Promise.all(sent.map((jobs) => batcher.submit(jobs, time)));
      expect(answers.map((batch) => batch.map(({ answer }) => answer))).toEqual(
        sent.map((jobs) => jobs.map((job) => job * 2)),
      );
      expect(batches.flat()).toEqual(sent.flat());
      for (const batch of batches) {
        if (batch.length > 1) expect(batch.reduce((a, b) => a + b)).toBeLessThanOrEqual(maxBatch);
      }
      expect(batcher.queued).toBe(0);
    }),
  );
});

it('refuses what does not fit in the queue, and takes more when there is room', async () => {
  const { run, open } = gate();
  const batcher = new Batcher({ run, maxQueue: 2 });
  void batcher.submit([1], time);
  void batcher.submit([2, 3], time);
  const refused = await batcher.submit([4], time).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(QueueFull);
  expect((refused as QueueFull).retryAfter).toBeGreaterThanOrEqual(1);
  await open();
  const late = batcher.submit([5], time);
  await open();
  await open();
  expect((await late)[0].answer).toBe('answer 5');
});

it('does not work for those who are gone or whose time is over', async () => {
  const { run, open, batches } = gate();
  const batcher = new Batcher({ run });
  void batcher.submit([1], time);
  const expired = batcher.submit([2], { milliseconds: 0 });
  const gone = new AbortController();
  const dropped = batcher.submit([3], { ...time, signal: gone.signal });
  void batcher.submit([4], time);
  gone.abort(new Error('gone'));
  const outcomes = Promise.allSettled([expired, dropped]);
  await open();
  expect(batches).toEqual([[1], [4]]);
  expect(await outcomes).toMatchObject([
    { reason: expect.any(WaitedTooLong) },
    { reason: { message: 'gone' } },
  ]);
});

it('tells everybody in a batch when it fails, and goes on', async () => {
  let fail = true;
  const batcher = new Batcher({
    async run(jobs: readonly number[]) {
      if (fail) throw new Error('broken');
      return jobs;
    },
  });
  await expect(Promise.all([batcher.submit([1], time), batcher.submit([2], time)])).rejects.toThrow('broken');
  fail = false;
  expect((await batcher.submit([3], time))[0].answer).toBe(3);
});
