import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { isPath, type ModuleSetting } from '../moduleSetting.js';
import { placeEncoder, placeModel } from './encoderSetting.js';

const temp = tempFolder();

describe("a model's name", () => {
  it.each([
    ['Xenova/all-MiniLM-L6-v2', false],
    ['e5', false],
    ['.hidden', false],
    ['./e5', true],
    ['../models/e5', true],
    ['.', true],
    ['/models/e5', true],
  ])('%s: is it a path? %s', (name, expected) => {
    expect(isPath(name)).toBe(expected);
  });

  it('is also a path where there is such a folder', () => {
    mkdirSync(temp.path('org', 'name'), { recursive: true });
    expect(placeModel('org/name', temp.path())).toBe(temp.path('org', 'name'));
    expect(placeModel('org/other', temp.path())).toBe('org/other');
  });
});

const module = (path: string): ModuleSetting => ({ kind: 'module', path });

it('is written from a folder so that it leads to the same file', () => {
  const names = fc
    .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 })
    .map((parts) => `/${parts.join('/')}`);
  fc.assert(
    fc.property(names, names, names, (from, to, file) => {
      const { path } = placeEncoder(module(`${file}/mine.ts`), from, to);
      expect(resolve(to, path)).toBe(`${resolve(file)}/mine.ts`.replace('//', '/'));
      expect(isPath(path)).toBe(true);
    }),
  );
});

it('stays the same when a project moves with its runs', () => {
  const inRun = (project: string) => placeEncoder(module('./mine.ts'), project, `${project}/runs/shop`);
  expect(inRun('/home/one')).toEqual(module('../../mine.ts'));
  expect(inRun('/srv/two')).toEqual(inRun('/home/one'));
});

it('stays absolute where it shares but the root with the run', () => {
  expect(placeEncoder(module('/models/mine.ts'), '/home/one', '/home/one/runs/shop')).toEqual(
    module('/models/mine.ts'),
  );
});

it('leaves what has no paths', () => {
  const openai = { kind: 'openai', baseUrl: './no-path', model: './none' } as const;
  expect(placeEncoder(openai, '/a', '/b')).toEqual(openai);
  expect(placeEncoder('use-lite', '/a')).toBe('use-lite');
  const hub = { kind: 'clip', model: 'org/name', quantized: false, items: 'both' } as const;
  expect(placeEncoder({ kind: 'precomputed', queries: hub }, '/a', '/b')).toEqual({
    kind: 'precomputed',
    queries: hub,
  });
});
