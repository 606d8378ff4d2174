import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { InputError } from '../errors.js';
import { addBenchCommand } from './benchCommand.js';
import { addCompileCommand } from './compileCommand.js';
import { addDemoCommand } from './demoCommand.js';
import { addEvaluateCommand } from './evaluateCommand.js';
import { addExportCommand } from './exportCommand.js';
import { addImportCommand } from './importCommand.js';
import { addInfoCommand } from './infoCommand.js';
import { Interrupted } from './interrupts.js';
import type { CliIo } from './io.js';
import { addJudgeCommand } from './judgeCommand.js';
import { addLabelCommand } from './labelCommand.js';
import { addMcpCommand } from './mcpCommand.js';
import { addMetricsCommand } from './metricsCommand.js';
import { addPushCommand } from './pushCommand.js';
import { addQueriesCommand } from './queriesCommand.js';
import { addSearchCommand } from './searchCommand.js';
import { addSendCommand } from './sendCommand.js';
import { addServeCommand } from './serveCommand.js';
import { addServeRewardCommand } from './serveRewardCommand.js';
import { oneLine } from './text.js';
import { addTrainCommand } from './trainCommand.js';
import { addUiCommand } from './uiCommand.js';

/** How a command ends; an interrupted one ends with 128 + the signal's number. */
const EXIT = { ok: 0, failed: 1, badInput: 2, interrupted: 130 } as const;

/**
 * Runs one command line. Never rejects: what goes wrong is told on `stderr`.
 *
 * @param argv - without the names of node and the program
 * @returns the exit code
 *
 * @example
 * process.exitCode = await run(['search', 'runs/shop', 'camping gear'], process);
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  const program = createProgram(io);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, io, argv.includes('--verbose'));
  }
}

const EXAMPLES = `
Examples:
  r4t demo
  r4t compile catalog.jsonl --queries queries.txt --out runs/shop
  r4t search runs/shop "camping gear" --filter "price<100"
  r4t info runs/shop
  r4t ui runs/shop
  r4t serve runs/shop`;

function createProgram(io: CliIo): Command {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  const program = new Command('r4t')
    .description('Compile a set-level objective into a fast set retriever over your own catalog.')
    .version(version)
    .option('--verbose', 'show the stack of an error')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(`r4t: ${oneLine(text.replace(/^error: /, ''))}\n`),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    });
  addDemoCommand(program, io);
  addImportCommand(program, io);
  addQueriesCommand(program, io);
  addCompileCommand(program, io);
  addSearchCommand(program, io);
  addInfoCommand(program, io);
  addUiCommand(program, io);
  addEvaluateCommand(program, io);
  addExportCommand(program, io);
  addJudgeCommand(program, io);
  addBenchCommand(program, io);
  addServeCommand(program, io);
  addSendCommand(program, io);
  addLabelCommand(program, io);
  addMcpCommand(program, io);
  addMetricsCommand(program, io);
  addPushCommand(program, io);
  addServeRewardCommand(program, io);
  addTrainCommand(program, io);
  return program;
}

/** Tells what went wrong and returns the exit code. */
function report(error: unknown, { stderr, signal }: CliIo, verbose: boolean): number {
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  if (signal?.aborted && isCancellation(error, signal)) {
    stderr.write('stopped; run the same command again to go on\n');
    return signal.reason instanceof Interrupted ? signal.reason.exitCode : EXIT.interrupted;
  }
  const isInput = error instanceof InputError;
  stderr.write(`r4t: ${oneLine(error instanceof Error ? error.message || error.name : String(error))}\n`);
  if (verbose && error instanceof Error) stderr.write(`${error.stack}\n`);
  else if (!isInput) stderr.write('run it with --verbose for the stack\n');
  return isInput ? EXIT.badInput : EXIT.failed;
}

function isCancellation(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError');
}
