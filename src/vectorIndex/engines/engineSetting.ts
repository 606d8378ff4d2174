/** The `index` setting of search engines, and where `r4t push` goes. */
import * as z from 'zod';
import { InputError } from '../../errors.js';
import { isPath, placePath } from '../../moduleSetting.js';

/** An address without a password: it is kept in the run. */
const address = (pattern: RegExp, expected: string) =>
  z
    .string()
    .regex(pattern, `expected an address such as ${expected}`)
    .refine(
      (url) => !hasSecret(url),
      'holds a password, and is kept in the run; name an environment variable in apiKeyEnv',
    );

function hasSecret(url: string): boolean {
  try {
    const { username, password, protocol } = new URL(url);
    return password !== '' || (username !== '' && !/^postgres/.test(protocol));
  } catch {
    return false;
  }
}

const name = z.string().min(1);
/** Environment variable with the password or key; absent: none is sent. */
const apiKeyEnv = z.string().min(1).optional();
/** Whether hybrid search asks the engine's own index of words, in place of the BM25 of the process (false). */
const words = z.boolean().optional();
const HTTP = /^https?:\/\/[^/]/i;

const lancedb = z.strictObject({
  kind: z.literal('lancedb'),
  /** Folder of the database. */
  path: z.string().min(1),
  table: name.default('items'),
  words,
});

const pgvector = z.strictObject({
  kind: z.literal('pgvector'),
  url: address(/^postgres(?:ql)?:\/\/[^/]/i, 'postgres://user@host:5432/database'),
  table: name.default('items'),
  words,
  apiKeyEnv,
});

const milvus = z.strictObject({
  kind: z.literal('milvus'),
  url: address(HTTP, 'http://localhost:19530'),
  collection: name.default('items'),
  words,
  apiKeyEnv,
});

const opensearch = z.strictObject({
  kind: z.literal('opensearch'),
  url: address(HTTP, 'http://localhost:9200'),
  collection: name.default('items'),
  words,
  apiKeyEnv,
});

const qdrant = z.strictObject({
  kind: z.literal('qdrant'),
  url: address(HTTP, 'http://localhost:6333'),
  collection: name.default('items'),
  apiKeyEnv,
});

export const ENGINE_SETTINGS = [lancedb, pgvector, milvus, opensearch, qdrant] as const;
export const engineSetting = z.discriminatedUnion('kind', ENGINE_SETTINGS);
export type SearchEngineSetting = z.output<typeof engineSetting>;

const KINDS: ReadonlySet<string> = new Set(ENGINE_SETTINGS.map(({ shape }) => shape.kind.value));

export const isEngine = <T>(setting: T | SearchEngineSetting): setting is SearchEngineSetting =>
  typeof setting === 'object' && setting !== null && KINDS.has((setting as { kind?: string }).kind ?? '');

/** The setting with the folder of LanceDB placed, as the paths of modules are; any other unchanged. */
export function placeEngine<T>(setting: T, from: string, to?: string): T {
  if (!isEngine(setting) || setting.kind !== 'lancedb' || isAddress(setting.path)) return setting;
  return { ...setting, path: placePath(setting.path, from, to) };
}

const isAddress = (path: string): boolean => /^[a-z][a-z0-9+]+:\/\//i.test(path);

/** Where items are pushed to, as a setting; with the password or key that the address had. */
export interface EngineTarget {
  readonly setting: SearchEngineSetting;
  readonly secret?: string;
}

const EXPECTED =
  'lancedb:<folder>?table=items, postgres://user@host/database?table=items, milvus://host:19530/items, opensearch+http://host:9200/items or qdrant+http://host:6333/items';

/**
 * Reads an address of `r4t push --to`.
 *
 * @throws InputError saying what an address looks like
 */
export function parseTarget(text: string): EngineTarget {
  const lance = /^lancedb:([^?]+)(?:\?table=([^&]+))?$/i.exec(text);
  if (lance) {
    const [, path, table = 'items'] = lance;
    const placed = isAddress(path) || isPath(path) ? path : `./${path}`;
    return { setting: { kind: 'lancedb', path: placed, table: decodeURIComponent(table) } };
  }
  const [, kind = '', scheme = ''] =
    /^(?:(milvus|opensearch|qdrant)(?:\+(https?))?|postgres(?:ql)?):\/\//i.exec(text) ?? [];
  let url: URL;
  try {
    // What stands before `://` decides how the rest is read.
    url = new URL(text.replace(/^[^:]+:/, kind === '' ? 'postgres:' : `${scheme || 'http'}:`));
  } catch (cause) {
    throw unreadable(text, cause);
  }
  if (/^postgres(?:ql)?:\/\//i.test(text)) {
    const table = url.searchParams.get('table') ?? 'items';
    const secret = decodeURIComponent(url.password) || undefined;
    url.password = '';
    url.searchParams.delete('table');
    return { setting: { kind: 'pgvector', url: url.href, table }, secret };
  }
  const place = /^(.*)\/([^/]+)\/?$/.exec(url.pathname);
  if (kind === '' || !place) throw unreadable(text);
  const { username, password } = url;
  const secret =
    [username, password]
      .filter((part) => part !== '')
      .map(decodeURIComponent)
      .join(':') || undefined;
  const collection = decodeURIComponent(place[2]);
  const found = { url: `${url.protocol}//${url.host}${place[1]}`, collection };
  return { setting: { kind: kind.toLowerCase() as 'milvus' | 'opensearch' | 'qdrant', ...found }, secret };
}

function unreadable(text: string, cause?: unknown): InputError {
  const shown = text.replace(/\/\/.*@/s, '//');
  return new InputError(`is "${shown}"; write it like ${EXPECTED}`, { field: '--to' }, { cause });
}
