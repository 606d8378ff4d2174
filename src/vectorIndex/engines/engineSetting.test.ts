import { expect, it } from 'vitest';
import { parseConfig } from '../../run/parseConfig.js';
import { placePaths } from '../../run/placePaths.js';
import { parseTarget } from './engineSetting.js';

it.each([
  ['milvus://db:19530/shop', { kind: 'milvus', url: 'http://db:19530', collection: 'shop' }, undefined],
  ['milvus+https://me:s%2Fx@db/shop', { kind: 'milvus', url: 'https://db', collection: 'shop' }, 'me:s/x'],
  ['lancedb:data/lance', { kind: 'lancedb', path: './data/lance', table: 'items' }, undefined],
  ['lancedb:/data/lance?table=shop', { kind: 'lancedb', path: '/data/lance', table: 'shop' }, undefined],
  ['lancedb:s3://bucket/x', { kind: 'lancedb', path: 's3://bucket/x', table: 'items' }, undefined],
  [
    'postgres://me:secret@db:5433/shop?table=a.items&sslmode=disable',
    { kind: 'pgvector', url: 'postgres://me@db:5433/shop?sslmode=disable', table: 'a.items' },
    'secret',
  ],
  [
    'opensearch+https://a:b@host:9200/prefix/shop',
    { kind: 'opensearch', url: 'https://host:9200/prefix', collection: 'shop' },
    'a:b',
  ],
  [
    'qdrant+http://host:6333/shop/',
    { kind: 'qdrant', url: 'http://host:6333', collection: 'shop' },
    undefined,
  ],
])('reads %s', (text, setting, secret) => {
  expect(parseTarget(text)).toEqual({ setting, ...{ secret } });
  // What push says to write is what a config takes.
  expect(parseConfig({ index: setting }).index).toEqual(setting);
});

it.each([
  '',
  'milvus',
  'milvus://host:19530',
  'http://host/x',
  'qdrant+http:///x',
  'redis://me:secret@host/x',
])('refuses the address "%s" in one line', (text) => {
  expect(() => parseTarget(text)).toThrow(/^field "--to": is "[^\n]*"; write it like lancedb:[^\n]*$/);
  try {
    parseTarget(text);
  } catch (error) {
    expect((error as Error).message).not.toContain('secret');
  }
});

it.each([
  [
    { kind: 'milvus', url: 'host:19530' },
    'field "index.url": expected an address such as http://localhost:19530',
  ],
  [
    { kind: 'faiss' },
    'field "index.kind": expected one of lancedb, pgvector, milvus, opensearch, qdrant, module',
  ],
  [{ kind: 'qdrant', url: 'http://h:6333', colection: 'x' }, 'did you mean "collection"?'],
  [
    { kind: 'pgvector', url: 'postgres://me:secret@db/shop' },
    'holds a password, and is kept in the run; name an environment variable in apiKeyEnv',
  ],
  [{ kind: 'opensearch', url: 'https://key@host' }, 'holds a password'],
  [{ kind: 'qdrant', url: 'http://h:6333', words: true }, 'index.words'],
  [{ kind: 'milvus', url: 'http://h:19530', words: 'german' }, 'field "index.words": expected'],
])('refuses the setting %j', (index, problem) => {
  expect(() => parseConfig({ index })).toThrow(problem);
});

it('keeps the folder of LanceDB relative to the run, and an address as it is', () => {
  const config = parseConfig({ index: { kind: 'lancedb', path: './lance' } });
  expect(placePaths(config, '/project', '/project/runs/shop').index).toMatchObject({ path: '../../lance' });
  const remote = parseConfig({ index: { kind: 'lancedb', path: 's3://bucket/x' } });
  expect(placePaths(remote, '/project', '/project/runs/shop').index).toMatchObject({ path: 's3://bucket/x' });
});
