import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { InputError } from '../errors.js';
import { wordVectorJson } from './testing/wordVectors.js';
import { WordVectorFile } from './wordVectorFile.js';

const folder = tempFolder();

describe('WordVectorFile', () => {
  it('finds every word in whatever pieces the file is read', async () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('"', ':', '[', ']', '}', '\\', ',', '1') }),
    );
    const words = fc.dictionary(
      word,
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 2, maxLength: 2 }),
      {
        minKeys: 1,
        maxKeys: 5,
      },
    );
    await fc.assert(
      fc.asyncProperty(words, fc.integer({ min: 4, max: 300 }), async (vectors, chunkBytes) => {
        const file = await WordVectorFile.open(folder.write('words.json', wordVectorJson(vectors)), {
          chunkBytes,
        });
        expect([file.size, file.dim]).toEqual([Object.keys(vectors).length, 2]);
        const found = await file.read(Object.keys(vectors));
        Object.entries(vectors).forEach(([name, [a, b]], rank) => {
          expect(found.get(name)).toEqual({ vector: Float32Array.of(a + 0, b + 0), rank });
        });
      }),
      { numRuns: 30 },
    );
  });

  it('leaves out what it does not have', async () => {
    const file = await WordVectorFile.open(
      folder.write('two.json', wordVectorJson({ a: [1, 2], b: [3, 4] })),
    );
    expect([...(await file.read(['b', 'c', 'b'])).keys()]).toEqual(['b']);
    expect([file.has('a'), file.has('c')]).toEqual([true, false]);
  });

  it('says what is wrong with a file', async () => {
    const whole = wordVectorJson({ a: [1, 2], b: [3, 4] });
    const problems: [content: string, message: RegExp][] = [
      ['', /no complete file/],
      ['{"a": 1}', /no complete file/],
      [whole.slice(0, whole.indexOf('"b":[')), /no complete file/],
      [whole.replace('"dimensions":2', '"dimensions":"2"'), /field "dimensions": is missing/],
      [whole.replace('"words":', '"names":'), /no file of word vectors/],
      [whole.replace(',"b":[', ' ,"b":['), /no word at byte/],
    ];
    for (const [content, message] of problems) {
      const file = folder.write('bad.json', content);
      const error = await WordVectorFile.open(file).catch((e: unknown) => e);
      expect(error, content).toBeInstanceOf(InputError);
      expect((error as InputError).message).toMatch(message);
    }
    const short = folder.write('short.json', whole.replace('"a":[1,2', '"a":[1'));
    await expect((await WordVectorFile.open(short)).read(['a'])).rejects.toThrow(/no vector of 2 numbers/);
    await expect(WordVectorFile.open(folder.path('none.json'))).rejects.toThrow(/does not exist/);
  });

  it('stops when aborted', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const file = folder.write('stop.json', wordVectorJson({ a: [1, 2] }));
    await expect(WordVectorFile.open(file, { signal: stop.signal })).rejects.toThrow('stopped');
  });
});
