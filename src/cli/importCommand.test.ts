import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { runCli } from './testing/shop.js';

const temp = tempFolder();
const files = [
  temp.write('item_titles.csv', 'item ID,titles\n1,Red tent\n2,Red stove\n3,\n'),
  temp.write('bundle_intent.csv', 'bundle ID,intent\n0,Camping\n'),
  temp.write('bundle_item.csv', 'bundle ID,item ID\n0,1\n0,2\n'),
  temp.write('user_item.csv', 'user ID,item ID\n'),
];

it('imports files, and says what came out and what did not', async () => {
  const out = temp.path('data');
  const { code, stdout, stderr } = await runCli(['import', 'bundles', ...files, '--out', out]);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `${out}: 2 items, 1 sets (train 1, valid 0, test 0)\n`,
  });
  expect(stderr).toContain(`r4t: not needed: ${files[3]}\n`);
  expect(stderr).toContain('r4t: left out: 1 items without a name\n');
});

it.each([
  [['import', 'spotify', 'a.json', '--out', 'x'], 'Allowed choices are polyvore, bundles, playlists.'],
  [['import', 'polyvore', 'no.json', '--out', 'x'], 'r4t: no.json: does not exist; check the path'],
  [['import', 'polyvore', '--out', 'x'], "missing required argument 'files'"],
])('refuses %j with one line', async (args, message) => {
  const { code, stderr } = await runCli(args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
