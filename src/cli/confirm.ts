import { createInterface } from 'node:readline/promises';

export interface ConfirmOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal?: AbortSignal;
}

/** Asks in a terminal; only `y` and `yes` mean yes. Rejects with the signal's reason if it aborts meanwhile. */
export function confirmBy({ input, output, signal }: ConfirmOptions): (question: string) => Promise<boolean> {
  return async (question) => {
    const terminal = createInterface({ input, output });
    // Ctrl-C comes as an event of the terminal's interface while it is open, not as a signal of the process.
    terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    // The end of the input (Ctrl-D) answers nothing.
    const closed = new Promise<string>((resolve) => terminal.on('close', () => resolve('')));
    try {
      const answer = await Promise.race([terminal.question(`${question} [y/N] `, { signal }), closed]);
      return /^\s*y(es)?\s*$/i.test(answer);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      terminal.close();
    }
  };
}
