import { readFileSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { dot, matrix, normalizeRows, row } from '../matrix.js';
import { TINY_DIM, tinyTokens, writeTinyModel } from './testing/tinyModels.js';
import { TransformersEncoder } from './transformersEncoder.js';

const temp = tempFolder();
const unit = (vectors: Float32Array[]): Float32Array => {
  const sum = matrix(1, TINY_DIM);
  for (const vector of vectors) for (let j = 0; j < TINY_DIM; j++) sum.data[j] += vector[j];
  return normalizeRows(sum).data;
};
const near = (a: Float32Array, b: Float32Array) => {
  a.forEach((x, i) => {
    expect(x).toBeCloseTo(b[i], 6);
  });
};

describe('a model of tiny random weights', () => {
  const texts = ['red tent', 'a', '', 'the longest of these by far'];
  let folder = '';
  beforeAll(() => {
    folder = writeTinyModel(temp.path('tiny'));
  });

  it('pools the tokens of each text, without the padding, up to its greatest length', async () => {
    const encoder = await TransformersEncoder.load({ model: folder });
    expect(encoder.dim).toBe(TINY_DIM);
    const vectors = await encoder.encode(texts);
    // The tokenizer takes 16 tokens; transformers.js cuts off [SEP] with the rest.
    texts.forEach((text, i) => {
      near(row(vectors, i), unit(tinyTokens(text).slice(0, 16)));
    });
    const first = await TransformersEncoder.load({ model: folder, pooling: 'cls' });
    near(row(await first.encode(['tent']), 0), unit(tinyTokens('tent').slice(0, 1)));
  });

  it('keeps the order of the texts over many batches, tells of each, and stops', async () => {
    const encoder = await TransformersEncoder.load({ model: folder, threads: 1 });
    const many = Array.from({ length: 70 }, (_, i) => 'abcdefghij'.slice(0, (i * 7) % 10));
    const done: number[] = [];
    const vectors = await encoder.encode(many, { onProgress: (p) => done.push(p.done) });
    many.forEach((text, i) => {
      near(row(vectors, i), unit(tinyTokens(text)));
    });
    expect(done).toEqual([32, 64, 70]);
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(encoder.encode(many, { signal })).rejects.toThrow('stop');
  });

  it('is named by its folder, its files and its settings', async () => {
    const id = async (model: string, pooling?: 'cls') =>
      (await TransformersEncoder.load({ model, pooling })).id;
    const first = await id(folder);
    expect(first).toMatch(/^transformers\/tiny@[0-9a-f]{12}\/mean$/);
    const moved = writeTinyModel(temp.path('moved', 'tiny'));
    const trained = writeTinyModel(temp.path('trained', 'tiny'), 2);
    expect(await id(moved)).toBe(first);
    expect(await id(trained)).not.toBe(first);
    expect(await id(folder, 'cls')).not.toBe(first);
  });

  it('says what a folder lacks, and which pooling a model has not', async () => {
    await expect(TransformersEncoder.load({ model: folder, pooling: 'none' })).rejects.toThrow(
      'field "encoder.pooling": the model gives no vector of a whole text; use "mean" or "cls"',
    );
    await expect(TransformersEncoder.load({ model: folder, quantized: true })).rejects.toThrow(
      /tiny: the model lacks onnx.model_quantized.onnx; expected a folder with config.json/,
    );
    const empty = writeTinyModel(temp.path('empty'));
    rmSync(`${empty}/tokenizer.json`);
    await expect(TransformersEncoder.load({ model: empty })).rejects.toThrow(
      'the model lacks tokenizer.json',
    );
  });
});

it('says how to install the package where it is missing', async () => {
  vi.doMock('@huggingface/transformers', () => {
    throw new Error('Cannot find package');
  });
  await expect(TransformersEncoder.load({ model: './any' })).rejects.toThrow(
    'field "encoder": needs the package @huggingface/transformers; npm install @huggingface/transformers',
  );
  vi.doUnmock('@huggingface/transformers');
});

// The model is no part of the repository: bench/exportMiniLm.py makes its folder.
const MINILM = process.env.R4T_MINILM;
it.skipIf(MINILM === undefined)(
  'gives the vectors of sentence-transformers (set R4T_MINILM to the folder of all-MiniLM-L6-v2)',
  async () => {
    const file = new URL('fixtures/all-MiniLM-L6-v2.json', import.meta.url);
    const expected = JSON.parse(readFileSync(file, 'utf8')) as { text: string; vector: number[] }[];
    const encoder = await TransformersEncoder.load({ model: MINILM! });
    const vectors = await encoder.encode(expected.map(({ text }) => text));
    expected.forEach(({ vector }, i) => {
      const reference = normalizeRows(matrix(1, 384, Float32Array.from(vector)));
      expect(dot(row(vectors, i), reference.data)).toBeGreaterThan(0.9999);
    });
  },
);
