import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from './catalog/testing/tempFolder.js';
import { JsonLog } from './jsonLog.js';

const temp = tempFolder();

async function openLog(file: string) {
  const lines: unknown[] = [];
  const log = await JsonLog.open(file, (line) => lines.push(line));
  return { log, lines };
}

describe('JsonLog', () => {
  it('keeps what is appended, in order, whoever calls at the same time', async () => {
    const file = temp.path('deep/log.jsonl');
    const { log } = await openLog(file);
    await Promise.all(Array.from({ length: 20 }, (_, i) => log.append([{ i }, { i, again: true }])));
    await log.close();
    const { log: again, lines } = await openLog(file);
    await again.close();
    expect(lines).toEqual(Array.from({ length: 20 }, (_, i) => [{ i }, { i, again: true }]).flat());
  });

  it.each([
    ['a torn last line is cut off', '{"a":1}\n{"a":', '{"a":1}\n{"b":2}\n'],
    ['a whole last line without its end stays', '{"a":1}', '{"a":1}\n{"b":2}\n'],
    ['a file of one torn line is emptied', '{"a', '{"b":2}\n'],
    ['wide characters are counted in bytes', '{"a":"ü€"}\n{"t', '{"a":"ü€"}\n{"b":2}\n'],
    ['an empty file is one', '', '{"b":2}\n'],
  ])('%s', async (_, before, after) => {
    const file = temp.write('torn.jsonl', before);
    const { log } = await openLog(file);
    await log.append([{ b: 2 }]);
    await log.close();
    expect(readFileSync(file, 'utf8')).toBe(after);
  });

  it('passes over lines that whoever reads does not take', async () => {
    const file = temp.write('foreign.jsonl', '{"a":1}\nnonsense\n{"a":2}\n');
    const seen: number[] = [];
    await JsonLog.read(file, (line) => {
      const { a } = line as { a: number };
      if (a === 1) throw new Error('not this one');
      seen.push(a);
    });
    expect(seen).toEqual([2]);
    await JsonLog.read(temp.path('none.jsonl'), () => expect.fail('there is nothing to read'));
  });
});
