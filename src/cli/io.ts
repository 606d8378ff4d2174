/** What a command writes to; `process.stdout` and `process.stderr` are such. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
}

/** The world of a command, handed in so that a test can watch it. */
export interface CliIo {
  /** Results. */
  readonly stdout: Output;
  /** Progress, notes and errors. */
  readonly stderr: Output;
  /** Stops the running command. An `Interrupted` as its reason says with which exit code. */
  readonly signal?: AbortSignal;
  /** Environment variables; `NO_COLOR`, `TERM`, `OPENAI_API_KEY`, `R4T_API_KEYS`, `R4T_API_KEY` and `R4T_MINILM` are read (none). */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Asks the user a question that is answered by yes or no; absent where nobody can answer. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Shows a page in the user's browser; absent where nobody looks. */
  readonly open?: (url: string) => void;
}

/** Resolves when the signal is given; never without one. */
export function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Whether the cursor can be moved in this output. */
export function isTerminal({ isTTY = false }: Output, { env }: CliIo): boolean {
  return isTTY && env?.TERM !== 'dumb';
}

/** Whether colours are wanted; see no-color.org. */
export function wantsColor(output: Output, io: CliIo): boolean {
  return isTerminal(output, io) && !io.env?.NO_COLOR;
}
