import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { DamagedFileError } from '../../errors.js';
import type { ItemChange } from '../engine/engine.js';
import { FileJournal } from './fileJournal.js';

const temp = tempFolder();
const CATALOG = { catalog: 'a'.repeat(64), catalogReadAt: 0 };
let files = 0;
const newFile = () => temp.path(`items-${files++}.jsonl`);

const put = (id: string, text = id): ItemChange => ({
  upsert: { id, text, title: text, metadata: { n: 1 } },
});
const drop = (id: string): ItemChange => ({ delete: id });
const changesOf = (journal: FileJournal) => journal.entries().map(({ change }) => change);

it('has the last change of every id when it is opened again, wherever its process died', async () => {
  const step = fc.oneof(
    fc
      .record({ id: fc.constantFrom('a', 'b', 'c'), text: fc.string({ minLength: 1, unit: 'grapheme' }) })
      .map((s) => put(s.id, s.text)),
    fc.constantFrom('a', 'b', 'c').map(drop),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.string({ maxLength: 9 }),
      async (steps, torn) => {
        const file = newFile();
        const journal = await FileJournal.open(file, CATALOG);
        for (const one of steps) await journal.append([one]);
        const expected = changesOf(journal);
        await journal.close();
        // A line that was being written; it has no end.
        appendFileSync(file, torn.replaceAll('\n', ''));
        const again = await FileJournal.open(file, CATALOG);
        expect(changesOf(again)).toEqual(expected);
        expect(again.sequence).toBe(steps.length);
        await again.append([put('z')]);
        await again.close();
        const last = await FileJournal.open(file, CATALOG);
        expect(changesOf(last)).toEqual([...expected, put('z')]);
        await last.close();
      },
    ),
    { numRuns: 30 },
  );
});

it('numbers changes in the order they were given, however calls overlap', async () => {
  const journal = await FileJournal.open(newFile(), CATALOG);
  const sequences = await Promise.all(
    Array.from({ length: 20 }, (_, i) => journal.append([put(`${i}`), drop(`${i}x`)])),
  );
  expect(sequences).toEqual(Array.from({ length: 20 }, (_, i) => 2 * (i + 1)));
  expect(journal.entries(38).map(({ change }) => change)).toEqual([put('19'), drop('19x')]);
  await journal.close();
});

it('is rewritten when most of it is overtaken', async () => {
  const file = newFile();
  const journal = await FileJournal.open(file, CATALOG);
  for (let round = 0; round < 11; round++) {
    await journal.append(Array.from({ length: 1000 }, (_, i) => put(`${i % 10}`, `${round}`)));
  }
  await journal.append([drop('3')]);
  await journal.close();
  expect(statSync(file).size).toBeLessThan(10_000);
  const again = await FileJournal.open(file, CATALOG);
  expect(again.entries()).toHaveLength(10);
  expect(again.sequence).toBe(11_001);
  await again.close();
});

it('keeps only what another catalog cannot know', async () => {
  const file = newFile();
  const journal = await FileJournal.open(file, CATALOG);
  await journal.append([put('early')]);
  const between = Date.now() + 1;
  while (Date.now() <= between) await new Promise((resolve) => setTimeout(resolve, 1));
  await journal.append([put('late')]);
  await journal.close();
  const next = await FileJournal.open(file, { catalog: 'b'.repeat(64), catalogReadAt: between });
  expect(changesOf(next)).toEqual([put('late')]);
  expect(next.sequence).toBe(2);
  await next.close();
  expect(existsSync(`${file}.aaaaaaaa`)).toBe(true);
  expect(readFileSync(file, 'utf8')).not.toContain('early');
});

it('is only read where it may not be written', async () => {
  const file = newFile();
  const writer = await FileJournal.open(file, CATALOG);
  await writer.append([put('a')]);
  const reader = await FileJournal.open(file, { ...CATALOG, readOnly: 'another server writes them' });
  expect(changesOf(reader)).toEqual([put('a')]);
  await expect(reader.append([put('b')])).rejects.toThrow('another server writes them');
  await writer.append([put('c')]);
  await writer.close();
});

it('names the line that is damaged', async () => {
  const file = newFile();
  const journal = await FileJournal.open(file, CATALOG);
  await journal.append([put('a'), put('b')]);
  await journal.close();
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, [lines[0], '{"sequence":1', ...lines.slice(2)].join('\n'));
  await expect(FileJournal.open(file, CATALOG)).rejects.toThrow(`${file}:2: is not what was written; delete`);
  // One other digit or letter, and one other byte at the very end: no crash leaves that.
  const bytes = Buffer.from(lines.join('\n'));
  for (let at = 0; at < bytes.length; at++) {
    writeFileSync(file, bytes.with(at, bytes[at] ^ 1));
    await expect(FileJournal.open(file, CATALOG)).rejects.toThrow(DamagedFileError);
  }
  writeFileSync(file, 'a thesis\n');
  await expect(FileJournal.open(file, CATALOG)).rejects.toThrow(`${file}:1: is no journal of changes`);
});
