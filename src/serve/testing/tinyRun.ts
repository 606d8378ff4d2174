/** A compiled run so small that a test can afford it, and a service over it in this process. */
import type { TempFolder } from '../../catalog/testing/tempFolder.js';
import { compile } from '../../compile/compile.js';
import { openRunLabels } from '../../labels/runLabels.js';
import { letterEncoder } from '../../policy/testing/world.js';
import type { UserConfig } from '../../run/config.js';
import { RunHost } from '../changes/host.js';
import { RunEngine } from '../engine/runEngine.js';
import { type App, type AppOptions, createApp } from '../http/app.js';

export const CONFIG: UserConfig = {
  k: 4,
  dimensions: 8,
  threads: 1,
  policy: {
    warmStartSteps: 2,
    steps: 1,
    queriesPerStep: 2,
    groupSize: 2,
  },
  synthesis: { samplesPerQuery: 1 },
  diffusion: { steps: 2, batchSize: 4, samplerSteps: 2 },
};

const COLORS = ['red', 'blue', 'green', 'golden'];
const THINGS = ['chair', 'table', 'lamp', 'tent', 'boot'];

/** 20 items: two fields, one of them with a picture in the catalog's folder. */
export const ITEMS = COLORS.flatMap((color) =>
  THINGS.map((thing, i) => ({
    id: `${color}-${thing}`,
    title: `${color} ${thing}`,
    category: thing,
    color,
    price: i * 10,
    ...(thing === 'tent' && { image: color === 'red' ? 'tent.svg' : `https://example.com/${color}.png` }),
  })),
);

/** What people chose among them. */
export const SETS = [
  { query: 'camping', items: ['red-tent', 'blue-tent', 'green-boot'], split: 'test' },
  { query: 'sitting', items: ['red-chair', 'blue-chair', 'golden-chair'], split: 'train' },
  { query: 'light', items: ['red-lamp', 'golden-lamp', 'blue-table'], split: 'train' },
  { query: 'supper', items: ['red-table', 'golden-lamp', 'red-chair'], split: 'valid' },
];

export interface CompileTinyOptions {
  readonly out?: string;
  readonly items?: readonly object[];
  /** Reference sets in place of queries without any. */
  readonly sets?: readonly object[];
  readonly config?: UserConfig;
  readonly stage?: 'encode';
  readonly force?: boolean;
}

/** Compiles a run with an encoder that needs no model; returns its folder. */
export async function compileTiny(
  temp: TempFolder,
  { out = 'run', items = ITEMS, sets, config = CONFIG, stage, force }: CompileTinyOptions = {},
): Promise<string> {
  const catalog = temp.write(`${out}-catalog.jsonl`, items);
  temp.write('tent.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const queries = temp.write(
    'queries.jsonl',
    ['red', 'blue', 'lamp', 'tent'].map((query) => ({ query, split: 'train' })),
  );
  const run = temp.path(out);
  const asked = sets ? { sets: temp.write(`${out}-sets.jsonl`, sets) } : { queries };
  await compile({ catalog, ...asked, out: run, config, encoder: letterEncoder, stage, force });
  return run;
}

export interface TinyService extends App {
  readonly host: RunHost;
  /** Posts a body as JSON. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Resolves once searches see every accepted change. */
  settled(): Promise<void>;
}

/** Serves a run without a socket or a thread. */
export async function serveTiny(folder: string, options: Partial<AppOptions> = {}): Promise<TinyService> {
  const host = await RunHost.open({
    run: folder,
    start: (copy) => RunEngine.load(copy, { encoder: letterEncoder, threads: 1 }),
    onError(message, error) {
      throw new Error(message, { cause: error });
    },
  });
  const labels = await openRunLabels(folder);
  const app = createApp({ host, labels, ...options });
  return {
    ...app,
    host,
    async post(path, body, headers = {}) {
      return app.request(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    },
    async settled() {
      while (host.changes.pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}
