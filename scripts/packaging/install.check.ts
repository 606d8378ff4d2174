/**
 * Installs the packed tarballs into an empty project while onnxruntime-node's install script fails, as it does behind a proxy, and uses what
 * is there. `npm test` does so on the Node.js it runs on, `npm run test:install` on every supported one, which npm brings.
 */
import { type ExecFileException, execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'r4t/client';
import { afterAll, describe, expect, inject, it, type TestContext } from 'vitest';

const THIS = process.versions.node.split('.')[0];
const VERSIONS = process.env.npm_lifecycle_event === 'test:install' ? ['20', '22', '24'] : [THIS];
const QUERY = 'Lasagna';
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED|ERR_SOCKET_TIMEOUT/;

const packed = inject('packed');
const temp = mkdtempSync(join(tmpdir(), 'r4t-install-'));
afterAll(() => rmSync(temp, { recursive: true }));

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node.js with its npm, in a project of its own. */
class Project {
  readonly #node: string;

  constructor(
    readonly folder: string,
    node: string = process.execPath,
  ) {
    this.#node = node;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  }

  /** What npm tells the scripts of this package is not for those of another. */
  environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const own =
      /^(npm_package_|npm_lifecycle_|npm_config_(ignore_scripts|local_prefix)$|NODE_OPTIONS$|ONNXRUNTIME|ORT_|VITEST)/i;
    const kept = Object.entries(process.env).filter(([name]) => !own.test(name));
    return {
      ...Object.fromEntries(kept),
      PATH: `${dirname(this.#node)}${delimiter}${process.env.PATH}`,
      ...more,
    };
  }

  node(args: readonly string[], more?: Readonly<Record<string, string>>): Promise<Ran> {
    return promisify(execFile)(this.#node, args, { cwd: this.folder, env: this.environment(more) });
  }

  /** Skips the test where the registry cannot be reached. */
  async npm(
    args: readonly string[],
    { skip }: TestContext,
    more?: Readonly<Record<string, string>>,
  ): Promise<void> {
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts=false'];
    await this.node([npmCli(), ...args, ...quiet], more).catch((error: ExecFileException) => {
      if (UNREACHABLE.test(String(error.stderr))) skip('the package registry cannot be reached');
      throw error;
    });
  }

  has(name: string): boolean {
    return existsSync(join(this.folder, 'node_modules', name));
  }

  /** `r4t` with these arguments. */
  r4t(...args: string[]): Promise<Ran> {
    return this.node([this.main, ...args], this.#home);
  }

  /** A home folder of its own, outside any CI, where ONNX Runtime would report. */
  get #home(): Readonly<Record<string, string>> {
    const home = join(this.folder, 'home');
    mkdirSync(home, { recursive: true });
    return { HOME: home, XDG_CACHE_HOME: join(home, '.cache'), CI: '' };
  }

  /** What was written into the home folder. */
  get written(): string[] {
    return readdirSync(join(this.folder, 'home'));
  }

  get main(): string {
    return join(this.folder, 'node_modules', 'r4t', 'dist', 'cli', 'main.js');
  }

  /** The page of `r4t demo`, and its answer. */
  async demo(): Promise<{ page: string; ids: readonly string[]; code: number | null }> {
    const child = spawn(this.#node, [this.main, 'demo', '--no-open', '--port', '0'], {
      cwd: this.folder,
      env: this.environment(this.#home),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise<number | null>((done) => child.on('close', done));
    try {
      const line = await new Promise<string>((done, fail) => {
        child.stdout.once('data', (chunk: Buffer) => done(String(chunk)));
        child.on('close', (code) => fail(new Error(`r4t demo ended with code ${code}`)));
      });
      const { href, origin } = new URL(line.split(' ')[0] as string);
      const page = await (await fetch(href)).text();
      const { results } = await new Client({ url: origin }).search({ query: QUERY });
      child.kill('SIGINT');
      return { page, ids: results[0].items.map(({ id }) => id).sort(), code: await ended };
    } finally {
      child.kill('SIGKILL');
    }
  }
}

/** The script of npm, which any Node.js can run. */
const npmCli = (): string => process.env.npm_execpath ?? realpathSync(join(dirname(process.execPath), 'npm'));

/** The binary of a Node.js of this version: the one that runs this, or from npm. */
async function nodeOf(version: string, context: TestContext): Promise<string> {
  if (version === THIS) return process.execPath;
  const [platform, file] = process.platform === 'win32' ? ['win', 'node.exe'] : [process.platform, 'node'];
  const name = `node-${platform}-${process.arch}`;
  const project = new Project(join(temp, `node-${version}`));
  await project.npm(['install', `${name}@${version}`], context).catch(() => {});
  const binary = join(project.folder, 'node_modules', name, 'bin', file);
  if (!existsSync(binary)) context.skip(`Node.js ${version} is not to be had as ${name}`);
  return binary;
}

const idsOf = ({ stdout }: Ran): string[] =>
  (JSON.parse(stdout) as { items: { id: string }[] }).items.map(({ id }) => id).sort();

describe.each(VERSIONS)('on Node.js %s', (version) => {
  it('installs, searches and serves without onnxruntime-node, and with it once its script is skipped', async (context) => {
    const project = new Project(join(temp, `project-${version}`), await nodeOf(version, context));
    const { stdout } = await project.node(['--version']);
    expect(stdout).toMatch(`v${version}.`);

    // A value that the script does not know: it throws, on any machine.
    const failing = { ONNXRUNTIME_NODE_INSTALL_CUDA: 'no such version' };
    await project.npm(['install', ...packed.map(({ tarball }) => tarball)], context, failing);
    expect(project.has('onnxruntime-node')).toBe(false);
    const run = join('node_modules', '@r4t', 'demo', 'kitchen');
    const slow = await project.r4t('search', run, QUERY, '--json');
    expect(slow.stderr).toContain('onnxruntime-node is not installed');
    expect(slow.stderr).toContain('models run on WebAssembly');
    const ids = idsOf(slow);
    expect(ids).toHaveLength(10);
    const served = await project.demo();
    expect(served).toMatchObject({ ids, code: 0 });
    expect(served.page).toContain('<script type="module"');

    await project.npm(['install'], context, { ONNXRUNTIME_NODE_INSTALL: 'skip' });
    expect(project.has('onnxruntime-node')).toBe(true);
    const fast = await project.r4t('search', run, QUERY, '--json');
    expect(fast.stderr).not.toContain('WebAssembly');
    expect(idsOf(fast)).toEqual(ids);
    expect(await project.demo()).toMatchObject({ ids, code: 0 });
    // No device id, no events to upload.
    expect(project.written).toEqual([]);
    const imported = `for (const part of ['', '/engine', '/client', '/web']) await import('r4t' + part)`;
    await project.node(['--input-type=module', '--eval', imported]);
  });
});
