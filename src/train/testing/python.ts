/** The interpreter that integration tests use, and programs that it starts. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const PYTHON = process.env.R4T_PYTHON ?? 'python3';
export const TESTS = fileURLToPath(new URL('../../../integrations/python/test/', import.meta.url));

/** Why tests that need these modules are skipped; undefined where all are there. */
export async function missingModules(...names: readonly string[]): Promise<string | undefined> {
  const code = `import importlib.util,sys;print([n for n in sys.argv[1:] if importlib.util.find_spec(n) is None])`;
  try {
    const { stdout } = await run(PYTHON, ['-c', code, ...names]);
    if (stdout.trim() === '[]') return undefined;
    return `${PYTHON} lacks ${stdout.trim()}; name one that has them in R4T_PYTHON (pip install "ray[default]" trl peft)`;
  } catch {
    return `${PYTHON} cannot be run; name an interpreter in R4T_PYTHON`;
  }
}

/** Where programs of the interpreter's environment are found first, and nothing is fetched or told to anybody. */
export const environment = (more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${dirname(PYTHON)}:${process.env.PATH}`,
  HF_HUB_OFFLINE: '1',
  RAY_USAGE_STATS_ENABLED: '0',
  CUDA_VISIBLE_DEVICES: '',
  OMP_NUM_THREADS: '1',
  TOKENIZERS_PARALLELISM: 'false',
  ...more,
});

export async function python(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await run(PYTHON, [...args], { env: environment(env), maxBuffer: 1e8 });
  return stdout;
}

/** Ports that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A Ray head on this machine, in a process group of its own; resolves when it takes jobs. */
export async function startRay(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const [port, dashboard, agent, grpc] = await freePorts(4);
  const child = spawn(
    'ray',
    [
      ...['start', '--head', '--block', '--num-cpus=2', '--disable-usage-stats', `--temp-dir=${folder}`],
      ...[`--port=${port}`, '--node-ip-address=127.0.0.1', '--object-store-memory=100000000'],
      ...['--include-dashboard=true', `--dashboard-port=${dashboard}`, '--dashboard-host=127.0.0.1'],
      ...[`--dashboard-agent-listen-port=${agent}`, `--dashboard-agent-grpc-port=${grpc}`],
    ],
    { env: environment(), detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const url = `http://127.0.0.1:${dashboard}`;
  try {
    for (let waited = 0; ; waited++) {
      if (child.exitCode !== null || waited > 240) throw new Error(`Ray did not start: ${said}`);
      const ready = await fetch(`${url}/api/jobs/`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return { url, stop: () => end(child) };
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** Ends the process and those that it has started. */
async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, name);
    } catch {
      // Gone.
    }
  };
  if (child.exitCode === null) {
    signal('SIGTERM');
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20_000))]);
  }
  signal('SIGKILL');
  // Ray's daemons see that their parent is gone, and go too.
  await new Promise((resolve) => setTimeout(resolve, 3000));
}
