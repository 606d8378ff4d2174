import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { loadModuleEncoder } from './moduleEncoder.js';

const temp = tempFolder();
const BODY = `id: 'mine', dim: 2, async encode(texts) {
  return { rows: texts.length, cols: 2, data: Float32Array.from(texts.flatMap(() => [1, 0])) };
}`;

it.each([
  ['an object', `export default { ${BODY} };`],
  ['a function', `export default async ({ threads }: { threads?: number }) => ({ ${BODY}, threads });`],
  [
    'a class that uses the library',
    `import { InputError } from 'r4t';
     class Mine { failure = InputError; ${BODY.replace("id: 'mine', dim: 2,", "id = 'mine'; dim = 2;")} }
     export default new Mine();`,
  ],
])('loads %s', async (name, source) => {
  const encoder = await loadModuleEncoder(temp.write(`${name.replaceAll(' ', '-')}.ts`, source), {
    threads: 3,
  });
  expect([encoder.id, encoder.dim]).toEqual(['mine', 2]);
  expect((await encoder.encode(['a', 'b'])).data).toEqual(Float32Array.of(1, 0, 1, 0));
  if (name === 'a function') expect(encoder).toMatchObject({ threads: 3 });
});

it.each([
  ['export const encoder = 1;', 'has no default export; write "export default { id, dim, encode }"'],
  [
    'export default { id: 1, dim: 2 };',
    'the default export is not an encoder (id: expected string, received number)',
  ],
  ["export default { id: 'a', dim: 2 };", 'not an encoder (encode: expected a function)'],
  ['export default () => undefined;', 'not an encoder (expected object, received undefined)'],
  ['throw new Error("no")', 'cannot be run: no'],
])('refuses %s', async (source, message) => {
  const file = temp.write('bad.ts', source);
  await expect(loadModuleEncoder(file)).rejects.toThrow(message);
  await expect(loadModuleEncoder(file)).rejects.toMatchObject({ name: 'InputError', file });
});

it('names a module that is missing', async () => {
  await expect(loadModuleEncoder(temp.path('no.ts'))).rejects.toThrow('no.ts: does not exist');
});
