import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { matrix } from '../../matrix.js';
import type { Progress } from '../../progress.js';
import { FanOutLog, readFanOuts } from './fanOutFile.js';
import { RecordedPolicy } from './recordedPolicy.js';
import type { WriteOptions, Writer, Written } from './writer.js';
import { WritingPolicy } from './writingPolicy.js';

const temp = tempFolder();
const K = 3;
const prompt = { instruction: 'Write.', examples: [], k: K };

/** Writes the query, the number of its seed and whatever `answer` says. */
function stubWriter(
  answer: (query: string, options: WriteOptions) => Written | Promise<Written> = (query, { seed }) => ({
    subQueries: [`${query} ${seed}`, 'b', 'c'],
  }),
): Writer & { readonly asked: string[]; most: number } {
  let now = 0;
  const writer = {
    model: 'stub',
    place: 'here',
    concurrency: 2,
    asked: [] as string[],
    most: 0,
    cost: (count: number) => `${count} calls`,
    async write(messages: readonly { content: string }[], options: WriteOptions) {
      const query = messages.at(-1)!.content;
      writer.asked.push(query);
      writer.most = Math.max(writer.most, ++now);
      try {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return await answer(query, options);
      } finally {
        now--;
      }
    },
  };
  return writer;
}

const ask = (queries: readonly string[], changes: object = {}) => ({
  queries,
  vectors: matrix(queries.length, 0),
  seed: 1,
  temperature: 0.5,
  ...changes,
});
const words = (completions: readonly { subQueries: readonly string[] }[]) =>
  completions.map(({ subQueries }) => subQueries);

describe('WritingPolicy', () => {
  it('writes n samples of every query, so many at a time, each by a seed of its own', async () => {
    const writer = stubWriter();
    const policy = new WritingPolicy({ writer, prompt, log: FanOutLog.inMemory() });
    const found = await policy.sample(ask(['a', 'b', 'c'], { samplesPerQuery: 2 }));
    expect(found.map(({ query }) => query)).toEqual([0, 0, 1, 1, 2, 2]);
    expect(new Set(words(found).map(([first]) => first)).size).toBe(6);
    expect([writer.asked.length, writer.most]).toEqual([6, 2]);
    for (const { ms } of found) expect(ms).toBeGreaterThanOrEqual(0);
    // A query's samples do not depend on its batch.
    const alone = new WritingPolicy({ writer, prompt, log: FanOutLog.inMemory() });
    expect(words(await alone.sample(ask(['b'], { samplesPerQuery: 2 })))).toEqual(words(found).slice(2, 4));
    const other = new WritingPolicy({ writer, prompt, log: FanOutLog.inMemory() });
    expect(words(await other.sample(ask(['b'], { seed: 2 })))).not.toContainEqual(words(found)[2]);
  });

  it('asks for nothing twice, in whichever process, but for what is sampled otherwise', async () => {
    const file = temp.path('twice.jsonl');
    const writer = stubWriter();
    const open = async () => new WritingPolicy({ writer, prompt, log: await FanOutLog.open(file) });
    const first = await open();
    const found = await first.sample(ask(['a', 'b', 'a']));
    expect(writer.asked).toHaveLength(2);
    await first.release();
    const second = await open();
    expect(words(await second.sample(ask(['b', 'a', 'c'])))).toEqual([
      words(found)[1],
      words(found)[0],
      expect.anything(),
    ]);
    expect(writer.asked.slice(2)).toEqual(['c']);
    await second.sample(ask(['a'], { temperature: 0.7 }));
    await second.sample(ask(['a'], { samplesPerQuery: 3 }));
    expect(writer.asked.slice(3)).toEqual(['a', 'a', 'a']);
    await second.release();
    expect(await readFanOuts(file)).toHaveLength(6);
  });

  it('loses nothing that was written before a failure, or before it is stopped', async () => {
    const file = temp.path('failing.jsonl');
    const queries = Array.from({ length: 12 }, (_, i) => `query ${i}`);
    const failing = stubWriter((query) => {
      if (query === 'query 7') throw new Error('the host is down');
      return { subQueries: [query] };
    });
    const policy = new WritingPolicy({ writer: failing, prompt, log: await FanOutLog.open(file) });
    await expect(policy.sample(ask(queries))).rejects.toThrow('the host is down');
    await policy.release();
    const kept = (await readFanOuts(file)).map(({ query }) => query);
    expect(kept.length).toBeGreaterThanOrEqual(6);

    const stop = new AbortController();
    const reason = new Error('enough');
    const slow = stubWriter((query) => {
      if (query === 'query 9') stop.abort(reason);
      return { subQueries: [query] };
    });
    const stopped = new WritingPolicy({ writer: slow, prompt, log: await FanOutLog.open(file) });
    await expect(stopped.sample(ask(queries, { signal: stop.signal }))).rejects.toBe(reason);
    await stopped.release();
    expect(slow.asked).not.toContain(kept[0]);

    const rest = stubWriter((query) => ({ subQueries: [query] }));
    const again = new WritingPolicy({ writer: rest, prompt, log: await FanOutLog.open(file) });
    expect(words(await again.sample(ask(queries))).map(([first]) => first)).toEqual(queries);
    await again.release();
    expect(
      [...failing.asked, ...slow.asked, ...rest.asked].filter((query) => query === 'query 0'),
    ).toHaveLength(1);
    expect(await readFanOuts(file)).toHaveLength(12);
  });

  it('lets a list that is too short go round, and the query stand for a list that is of no use', async () => {
    const warnings: string[] = [];
    const writer = stubWriter((query) =>
      query === 'mute' ? { problem: 'no JSON object was found' } : { subQueries: ['tent', 'lamp'] },
    );
    const policy = new WritingPolicy({
      writer,
      prompt,
      log: FanOutLog.inMemory(),
      onProgress: ({ warning }) => void (warning && warnings.push(warning)),
    });
    const found = await policy.sample(ask(['camping', 'mute']));
    expect(words(found)).toEqual([
      ['tent', 'lamp', 'tent'],
      ['mute', 'mute', 'mute'],
    ]);
    expect(warnings.at(-1)).toBe(
      'stub has no usable answer for 1 fan-outs, where the query stands for itself; the last is for "mute" (no JSON object was found)',
    );
    // It is not asked again.
    await policy.sample(ask(['mute']));
    expect(writer.asked.filter((query) => query === 'mute')).toHaveLength(1);
  });

  it('gives up on a model that cannot write lists at all', async () => {
    const writer = stubWriter(() => ({ problem: 'no JSON object was found' }));
    const policy = new WritingPolicy({ writer, prompt, log: FanOutLog.inMemory() });
    await expect(policy.sample(ask(['a', 'b', 'c', 'd', 'e', 'f']))).rejects.toThrow(
      'stub (here) writes no fan-outs in the form it is asked for (no JSON object was found); take another model',
    );
    expect(writer.asked.length).toBeLessThan(6);
  });

  it('tells what all will take once it knows what one takes, and then how far it is', async () => {
    const reports: Progress[] = [];
    const writer = stubWriter();
    const log = FanOutLog.inMemory();
    const onProgress = (progress: Progress) => void reports.push(progress);
    const policy = new WritingPolicy({ writer, prompt, log, onProgress });
    await policy.sample(ask(Array.from({ length: 5 }, (_, i) => `q${i}`)));
    expect(reports[0].warning).toMatch(
      /^4 fan-outs are to be written by stub \(here\), 4 calls, about \d+ s if they go on as those before$/,
    );
    expect(reports.map(({ done, total }) => [done, total])).toEqual([1, 2, 3, 4, 5].map((done) => [done, 5]));
    reports.length = 0;
    await policy.sample(ask(['q1', 'q2']));
    expect(reports).toEqual([]);
  });
});

describe('RecordedPolicy', () => {
  it('gives back what a model wrote, and asks nobody', async () => {
    const file = temp.path('recorded.jsonl');
    const policy = new WritingPolicy({ writer: stubWriter(), prompt, log: await FanOutLog.open(file) });
    const written = await policy.sample(ask(['a', 'b'], { samplesPerQuery: 2 }));
    await policy.release();
    const recorded = await RecordedPolicy.load(file, K);
    expect(await recorded.sample(ask(['a', 'b'], { samplesPerQuery: 2, seed: 9, temperature: 0 }))).toEqual(
      written,
    );
    expect([recorded.samplesPerQuery, recorded.knows('a'), recorded.knows('c')]).toEqual([2, true, false]);
    const [third] = (await recorded.sample(ask(['b'], { samplesPerQuery: 3 }))).slice(2);
    expect(third.subQueries).toEqual(written[2].subQueries);
    await expect(recorded.sample(ask(['c']))).rejects.toThrow(`${file}: has no fan-out for "c"`);
  });
});
