import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readLanguageModel } from './languageModel.js';

const catalog = new Map(
  ['leek', 'potato', 'cream', 'soap'].map((id) => [
    id,
    { id, title: id, category: id === 'cream' ? 'Dairy' : 'Vegetables' },
  ]),
);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'r4t-quickstart-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(answers: readonly object[]) {
  const lines = (records: readonly object[]) =>
    records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const files = { answers: join(folder, 'answers.jsonl'), sets: join(folder, 'sets.jsonl') };
  await writeFile(files.answers, lines(answers));
  await writeFile(
    files.sets,
    lines([
      { query: 'soup', items: ['leek', 'potato', 'cream'], split: 'test' },
      { query: 'stew', items: ['potato'], split: 'test' },
      { query: 'bath', items: ['soap'], split: 'train' },
    ]),
  );
  return readLanguageModel({ ...files, catalog, k: 4 });
}

it('measures the recorded lists of test queries by their labels and aisles', async () => {
  const measured = await read([
    { query: 'soup', items: ['leek', 'potato', 'soap'], ms: 1000 },
    { query: 'stew', items: ['soap'], ms: 3000 },
    { query: 'bath', items: ['soap'], ms: 90_000 },
  ]);
  expect(measured?.queries).toBe(2);
  // Two of k = 4, two of three labels, one of two aisles; nothing of the other dish.
  expect(measured?.figures.precisionAtK).toBeCloseTo(0.5 / 2);
  expect(measured?.figures.recallAtK).toBeCloseTo(2 / 3 / 2);
  expect(measured?.figures.sRecallAtK).toBeCloseTo(0.5 / 2);
  expect(measured?.figures.msPerQuery).toBe(2000);
});

it('says nothing where no test query has a list', async () => {
  expect(await read([{ query: 'bath', items: ['soap'], ms: 1 }])).toBeUndefined();
});
