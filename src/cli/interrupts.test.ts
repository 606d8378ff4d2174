import { afterEach, expect, it, vi } from 'vitest';
import { Interrupted, interruptSignal } from './interrupts.js';

afterEach(() => vi.restoreAllMocks());

it('aborts at the first signal, ignores its echo and ends the process at the second', () => {
  const handlers = new Map<string, () => void>();
  vi.spyOn(process, 'on').mockImplementation((name, handler) => {
    handlers.set(String(name), handler);
    return process;
  });
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as typeof process.exit);
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1000);

  const signal = interruptSignal();
  handlers.get('SIGINT')!();
  expect(signal.reason).toBeInstanceOf(Interrupted);
  expect(signal.reason).toMatchObject({ exitCode: 130 });
  clock.mockReturnValue(1100);
  handlers.get('SIGINT')!();
  expect(exit).not.toHaveBeenCalled();
  clock.mockReturnValue(2000);
  handlers.get('SIGINT')!();
  expect(exit).toHaveBeenCalledWith(130);
});
