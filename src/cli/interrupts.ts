/** Why a command was stopped from outside. */
export class Interrupted extends Error {
  override name = 'Interrupted';
  constructor(
    /** 128 + the signal's number, as shells expect. */
    readonly exitCode: number,
  ) {
    super('interrupted');
  }
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** npm and npx pass Ctrl-C on to a child that the terminal has told already: two signals, one key press. */
const ECHO_MILLISECONDS = 300;

/** A signal that aborts at the first Ctrl-C (or SIGTERM), so that work can be saved; the second ends the process. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        first = performance.now();
        controller.abort(new Interrupted(exitCode));
      } else if (performance.now() - first > ECHO_MILLISECONDS) {
        process.exit(exitCode);
      }
    });
  }
  return controller.signal;
}
