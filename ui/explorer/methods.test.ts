import { expect, it } from 'vitest';
import { METHODS as DEFINITIONS } from '../../src/retrieve/methods.js';
import { defaultMethods, GROUPS, hasDirections, METHODS } from './methods.ts';

const info = (method: 'plain' | 'hybrid' | 'diffusion', missing: readonly string[] = []) => ({
  method,
  methods: METHODS.map((name) => ({ method: name, ...(missing.includes(name) && { missing: 'no' }) })),
});

it('begins with plain search, the usual method of the run and what it compiled', () => {
  expect(defaultMethods(info('hybrid'))).toEqual(['plain', 'hybrid', 'diffusion']);
  expect(defaultMethods(info('diffusion'))).toEqual(['plain', 'diffusion']);
  expect(defaultMethods(info('plain', ['diffusion']))).toEqual(['plain']);
  expect(defaultMethods(info('diffusion', ['diffusion']))).toEqual(['plain']);
});

it('lists every method once', () => {
  expect(GROUPS.flatMap(({ methods }) => methods).sort()).toEqual([...METHODS].sort());
});

it('knows which methods make directions', () => {
  const making = METHODS.filter((method) => 'fanOut' in DEFINITIONS[method]);
  expect(METHODS.filter(hasDirections)).toEqual(making);
});
