import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { findConfig } from './findConfig.js';

const temp = tempFolder();

it('finds the config of a folder, TypeScript first', async () => {
  expect(await findConfig(temp.path())).toBeUndefined();
  temp.write('r4t.config.json', '{}');
  expect(await findConfig(temp.path())).toBe('r4t.config.json');
  temp.write('r4t.config.ts', '');
  expect(await findConfig(temp.path())).toBe('r4t.config.ts');
});
