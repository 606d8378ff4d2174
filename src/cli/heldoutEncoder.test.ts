import { mkdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { writeTinyModel } from '../encode/testing/tinyModels.js';
import { heldoutEncoder } from './heldoutEncoder.js';
import { runCli } from './testing/shop.js';

const temp = tempFolder();
const quiet = { write: () => {} };
const io = (env: Record<string, string> = {}) => ({ stdout: quiet, stderr: quiet, env });

it('is the model that is asked for, else that of the environment, else none', async () => {
  const [asked, environment] = ['asked', 'environment'].map((name) => writeTinyModel(temp.path(name)));
  const id = async (model: string | undefined, env?: Record<string, string>) =>
    (await (await heldoutEncoder(model, io(env)))?.())?.id;
  expect(await id(asked, { R4T_MINILM: environment })).toMatch(/^transformers\/asked@/);
  expect(await id(undefined, { R4T_MINILM: environment })).toMatch(/^transformers\/environment@/);
  expect(await id(undefined, { R4T_MINILM: '' })).toBeUndefined();
  expect(await id(undefined)).toBeUndefined();
});

it('is refused before anything is measured', async () => {
  mkdirSync(temp.path('empty'));
  const { code, stderr } = await runCli(['evaluate', temp.path('none'), '--heldout', temp.path('empty')]);
  expect(code).toBe(2);
  expect(stderr).toContain('the model lacks config.json');
});
