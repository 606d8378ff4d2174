import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Callers, TooMuchWaits } from './callers.js';

it('refuses a caller what is beyond its share, and nobody else', async () => {
  const callers = new Callers(5);
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const first = callers.whileWaiting('a', 4, () => done);
  await expect(callers.whileWaiting('a', 2, () => done)).rejects.toEqual(new TooMuchWaits(4, 5));
  const second = callers.whileWaiting('a', 1, () => done);
  // Alone, a request may be as large as it is.
  const other = callers.whileWaiting('b', 9, () => done);
  expect(callers.size).toBe(2);
  finish();
  await Promise.all([first, second, other]);
  expect(callers.size).toBe(0);
  expect(await callers.whileWaiting('a', 5, async () => 'answer')).toBe('answer');
});

it('forgets what has ended, well or badly', async () => {
  const request = fc.record({ caller: fc.constantFrom('a', 'b'), weight: fc.nat(4), fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 20 }), async (requests) => {
      const callers = new Callers(6);
      await Promise.allSettled(
        requests.map(({ caller, weight, fails }) =>
          callers.whileWaiting(caller, weight, async () => {
            if (fails) throw new Error('failed');
          }),
        ),
      );
      expect(callers.size).toBe(0);
    }),
  );
});
