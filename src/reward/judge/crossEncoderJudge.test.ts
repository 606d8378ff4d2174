import { rmSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Item } from '../../catalog/item.js';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { tinyLogit, writeTinyClassifier } from '../../encode/testing/tinyModels.js';
import { openCrossEncoder } from './crossEncoderJudge.js';
import type { Judge } from './judge.js';

const temp = tempFolder();
const itemsOf = (texts: readonly string[]) =>
  texts.map((text, i): Item => ({ id: `${i}`, text, title: text, metadata: {} }));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const queryVector = Float32Array.of(1);

let judge: Judge | undefined;
afterEach(() => judge?.release());

describe('a cross-encoder of tiny random weights', () => {
  let folder = '';
  beforeAll(() => {
    folder = writeTinyClassifier(temp.path('tiny'));
  });

  it('says the probability of each pair of query and item, over many batches', async () => {
    judge = await openCrossEncoder({ model: folder, threads: 1 });
    const items = itemsOf(
      Array.from({ length: 41 }, (_, i) => 'red tent by lake'.slice(i % 3, 4 + (i % 13))),
    );
    const rows = [...items.keys()].reverse();
    const said = await judge.relevance({ query: 'camping', queryVector, rows, items });
    rows.forEach((item, i) => {
      expect(said[i]).toBeCloseTo(sigmoid(tinyLogit('camping', items[item].text)), 5);
    });
    expect(Math.max(...said) - Math.min(...said)).toBeGreaterThan(0.1);
    // The text of a pair that a word is in makes a difference.
    expect(tinyLogit('sea', 'tent')).not.toBeCloseTo(tinyLogit('tent', 'sea'), 1);
    const other = await judge.relevance({ query: 'sea', queryVector, rows: [0], items: itemsOf(['tent']) });
    expect(other[0]).toBeCloseTo(sigmoid(tinyLogit('sea', 'tent')), 5);
  });

  it('answers several askers at once, and stops', async () => {
    judge = await openCrossEncoder({ model: folder, threads: 1 });
    const items = itemsOf(['tent', 'lamp', 'rope']);
    const queries = ['camping', 'night', 'sea'];
    const all = await Promise.all(
      queries.map((query) => judge!.relevance({ query, queryVector, rows: [0, 1, 2], items })),
    );
    queries.forEach((query, q) => {
      items.forEach(({ text }, i) => {
        expect(all[q][i]).toBeCloseTo(sigmoid(tinyLogit(query, text)), 5);
      });
    });
    const signal = AbortSignal.abort(new Error('stop'));
    const stopped = judge.relevance({ query: 'dawn', queryVector, rows: [0], items }, signal);
    await expect(stopped).rejects.toThrow('stop');
  });

  it('must give one label', async () => {
    const three = writeTinyClassifier(temp.path('three'), { labels: 3 });
    await expect(openCrossEncoder({ model: three })).rejects.toThrow(
      'field "reward.judge.model": the model gives 3 labels for a pair of texts, and a judge needs one; take a reranker',
    );
  });

  it('says what a folder lacks', async () => {
    const empty = writeTinyClassifier(temp.path('empty'));
    rmSync(`${empty}/tokenizer.json`);
    await expect(openCrossEncoder({ model: empty })).rejects.toThrow('the model lacks tokenizer.json');
  });
});

it('says how to install the package where it is missing', async () => {
  vi.doMock('@huggingface/transformers', () => {
    throw new Error('Cannot find package');
  });
  await expect(openCrossEncoder({ model: './any' })).rejects.toThrow(
    'field "reward.judge": needs the package @huggingface/transformers; npm install @huggingface/transformers',
  );
  vi.doUnmock('@huggingface/transformers');
});
