import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it, vi } from 'vitest';
import { tempFolder } from '../../../catalog/testing/tempFolder.js';
import { writeGguf, writeSafetensorsModel } from './exportModel.js';
import { openLanguageModel } from './open.js';
import { tinyModel } from './testing/tinyModel.js';

// The hub itself cannot be asked here: a stand-in answers as its API is written down by @huggingface/hub.
const temp = tempFolder();
const model = tinyModel('llama');
const SHA = 'a'.repeat(40);
const files = new Map<string, Buffer>();
vi.spyOn(console, 'debug').mockImplementation(() => {});

beforeAll(async () => {
  const folder = temp.path('model');
  await writeSafetensorsModel(folder, model);
  await writeGguf(temp.path('tiny.gguf'), model);
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'])
    files.set(name, await readFile(`${folder}/${name}`));
  files.set('gguf/tiny.gguf', await readFile(temp.path('tiny.gguf')));
  files.set('pytorch_model.bin', Buffer.from('not wanted'));
});

/** A hub with one repository; `asked` collects what is fetched from it. */
function standIn(asked: string[], only = (_: string) => true): typeof fetch {
  const oid = (content: Buffer) => createHash('sha1').update(content).digest('hex');
  const entry = (path: string) => {
    const content = files.get(path) as Buffer;
    return { type: 'file', path, oid: oid(content), size: content.length };
  };
  const names = () => [...files.keys()].filter(only);
  return (async (input, init) => {
    const { pathname, searchParams } = new URL(String(input));
    if (pathname === '/api/models/o/tiny/revision/main') return Response.json({ id: 'o/tiny', sha: SHA });
    if (pathname === `/api/models/o/tiny/tree/${SHA}`) {
      const deep = searchParams.get('recursive') === 'true';
      return Response.json(
        names()
          .filter((name) => deep || !name.includes('/'))
          .map(entry),
      );
    }
    if (pathname === `/api/models/o/tiny/paths-info/${SHA}`)
      return Response.json((JSON.parse(String(init?.body)) as { paths: string[] }).paths.map(entry));
    const prefix = `/o/tiny/resolve/${SHA}/`;
    const content = pathname.startsWith(prefix) ? files.get(pathname.slice(prefix.length)) : undefined;
    if (!content) return new Response('{"error":"Repository not found"}', { status: 404 });
    const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '');
    const [from, to] = range ? [Number(range[1]), Number(range[2])] : [0, content.length - 1];
    if (to > 0) asked.push(pathname.slice(prefix.length));
    const headers = { etag: `"${oid(content)}"`, 'content-range': `bytes ${from}-${to}/${content.length}` };
    return new Response(new Uint8Array(content.subarray(from, to + 1)), {
      status: range ? 206 : 200,
      headers,
    });
  }) as typeof fetch;
}

const options = (asked: string[], cache: string) => ({
  fetch: standIn(asked),
  hubUrl: 'http://hub.test',
  cacheDir: temp.path(cache),
});

it('fetches what a model is read from, once', async () => {
  const [asked, reported]: [string[], number[]] = [[], []];
  const onProgress = ({ done, total }: { done: number; total: number }) => reported.push(done / total);
  for (let again = 0; again < 2; again++) {
    const { weights } = await openLanguageModel('o/tiny', { ...options(asked, 'a'), onProgress });
    expect(weights.settings).toEqual(model.weights.settings);
    expect(await weights.read('model.norm.weight')).toEqual(await model.weights.read('model.norm.weight'));
    await weights.close();
    expect(new Set(asked)).toEqual(
      new Set(['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']),
    );
    expect(asked).toHaveLength(new Set(asked).size);
  }
  expect(reported.slice(0, 4).at(-1)).toBe(1);
});

it('fetches one GGUF file', async () => {
  const asked: string[] = [];
  const { weights } = await openLanguageModel('o/tiny/gguf/tiny.gguf', options(asked, 'b'));
  expect(weights.settings).toEqual(model.weights.settings);
  await weights.close();
  expect(asked).toEqual(['gguf/tiny.gguf']);
});

it('says what is missing', async () => {
  const open = (name: string, only?: (file: string) => boolean) =>
    openLanguageModel(name, { ...options([], 'c'), fetch: standIn([], only) });
  await expect(open('o/none')).rejects.toThrow(
    /^the model "o\/none" cannot be fetched from the hub \(.+\); check its name and the network, or give a path \(\.\/\.\.\.\)$/,
  );
  await expect(open('o/tiny/other.gguf')).rejects.toThrow(
    'the repository o/tiny of the hub has no file other.gguf',
  );
  await expect(open('o/tiny', (file) => file.endsWith('.gguf'))).rejects.toThrow(
    'the repository o/tiny of the hub has no safetensors; for GGUF give "o/tiny/<file>.gguf"',
  );
});

it('stops when it is told to', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(openLanguageModel('o/tiny', { ...options([], 'd'), signal })).rejects.toThrow('enough');
});
