import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { loadCatalog } from './catalog.js';
import { openSource } from './source.js';
import { tempFolder } from './testing/tempFolder.js';

const temp = tempFolder();

it.each([
  ['CSV', 'id;title\n1;red jacket\n2;\n'],
  ['JSON lines', '{"id":1,"title":"red jacket"}\n{"id":2}\n'],
  ['an array', '[{"id":1,"title":"red jacket"},\n{"id":2}]'],
  ['gzip', gzipSync('id\ttitle\n1\tred jacket\n2\t\n')],
])('reads standard input, whatever it is: %s', async (_, content) => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('r4t-stdin-'));
  const source = await openSource('-', { stdin: Readable.from([Buffer.from(content)]) });
  const { items, report } = await loadCatalog(source);
  expect(items.map(({ id, title }) => [id, title])).toEqual([['1', 'red jacket']]);
  expect(report.source).toBe('standard input');
  expect(report.skipped.first[0]).toMatch(/^standard input:[23]: /);
  expect((await source.fingerprint()).sha256).toMatch(/^[0-9a-f]{64}$/);
  await source.close?.();
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('r4t-stdin-'))).toEqual(before);
});

it('names standard input where it cannot be read', async () => {
  const source = await openSource('-', { stdin: Readable.from([Buffer.from('{"id":1}\nnot json\n')]) });
  await expect(loadCatalog(source, { strict: true })).rejects.toThrow(/^standard input:2: is not valid JSON/);
  await source.close?.();
});

it('tells files apart by what is in them, a single one as always', async () => {
  const one = temp.write('one.jsonl', [{ id: 1, title: 'a' }]);
  const two = temp.write('two.jsonl', [{ id: 2, title: 'b' }]);
  const print = async (...names: string[]) => (await openSource(names)).fingerprint();
  expect(await print(one)).toEqual({ file: one, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect((await print(one, two)).file).toBe(`${one}, ${two}`);
  expect((await print(one, two)).sha256).not.toBe((await print(two, one)).sha256);
  await expect(openSource([one, temp.path('none.csv')])).rejects.toThrow(
    'none.csv: does not exist; check the path',
  );
  await expect(openSource([])).rejects.toThrow('there is no catalog; name a file');
});
