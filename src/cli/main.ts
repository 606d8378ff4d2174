#!/usr/bin/env node
import { confirmBy } from './confirm.js';
import { interruptSignal } from './interrupts.js';
import { openBrowser } from './openBrowser.js';
import { run } from './run.js';

const { stdin, stdout, stderr, env } = process;
stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough, such as `head`, closes the pipe.
  if (error.code === 'EPIPE') process.exit(0);
  stderr.write(`r4t: the output cannot be written: ${error.message}\n`);
  process.exit(1);
});
// Nobody reads the progress any more; that is no reason to stop the work.
stderr.on('error', () => {});

// Not process.exit(): what is still on its way into a pipe would be lost.
const signal = interruptSignal();
const confirm = stdin.isTTY && stderr.isTTY ? confirmBy({ input: stdin, output: stderr, signal }) : undefined;
process.exitCode = await run(process.argv.slice(2), {
  stdout,
  stderr,
  env,
  signal,
  confirm,
  open: openBrowser,
});
