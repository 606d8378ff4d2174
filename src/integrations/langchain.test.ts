import type { CallbackHandlerMethods } from '@langchain/core/callbacks/base';
import type { Document } from '@langchain/core/documents';
import { RunnableLambda } from '@langchain/core/runnables';
import { describe, expect, it, vi } from 'vitest';
import { R4tRetriever } from './langchain.js';
import { tinySources } from './testing/sources.js';

const sources = tinySources();

describe.each(['library', 'client'] as const)('over the %s', (name) => {
  it('gives the documents of the set that the library finds, and says why', async () => {
    const request = { k: 3, filter: 'price<40', method: 'classifier' } as const;
    const retriever = new R4tRetriever({ source: sources[name], ...request });
    const documents: Document[] = await retriever.invoke('camping');
    const { items, method } = await sources.library.search('camping', request);
    expect(documents).toHaveLength(3);
    for (const [i, { id, pageContent, metadata }] of documents.entries()) {
      const { text, title, category, why, metadata: fields } = items[i];
      expect({ id, pageContent }).toEqual({ id: items[i].id, pageContent: text });
      expect(metadata).toMatchObject({ id, title, category, why, method, fields });
      expect(metadata.score).toBeCloseTo(items[i].score, 5);
      expect(metadata.fields.price).toBeLessThan(40);
    }
  });

  it('is a part of chains', async () => {
    const chain = new R4tRetriever({ source: sources[name], k: 2, method: 'plain' }).pipe(
      RunnableLambda.from((found: Document[]) => found.map(({ id }) => id).join()),
    );
    expect(await chain.invoke('red tent')).toMatch(/^red-tent,/);
    expect(await chain.batch(['blue tent', 'golden lamp'])).toEqual([
      expect.stringMatching(/^blue-tent,/),
      expect.stringMatching(/^golden-lamp,/),
    ]);
  });

  it('searches for all queries of a batch in one call, and reports each as a run of its own', async () => {
    const source = sources[name];
    const spy = 'searchAll' in source ? vi.spyOn(source, 'searchAll') : vi.spyOn(source, 'search');
    const told: string[] = [];
    const callbacks: CallbackHandlerMethods[] = [
      {
        handleRetrieverStart: (_, query) => void told.push(`start ${query}`),
        handleRetrieverEnd: (documents) => void told.push(`end ${documents.length}`),
      },
    ];
    const retriever = new R4tRetriever({ source, k: 2, callbacks });
    const queries = ['tents', 'lamps', 'red'];
    const batch = await retriever.batch(queries);
    expect(spy).toHaveBeenCalledTimes(1);
    expect(told.sort()).toEqual(['end 2', 'end 2', 'end 2', 'start lamps', 'start red', 'start tents']);
    const alone = await Promise.all(queries.map((query) => new R4tRetriever({ source, k: 2 }).invoke(query)));
    expect(batch).toEqual(alone);
    expect(await retriever.batch([])).toEqual([]);
    spy.mockRestore();
  });

  it('says in one line what is wrong, and fails for the wrong query alone', async () => {
    const source = sources[name];
    const wrong = new R4tRetriever({ source, filter: 'colour=red' });
    await expect(wrong.invoke('tents')).rejects.toThrow('did you mean color?');
    const right = new R4tRetriever({ source, k: 1, method: 'plain' });
    await expect(right.invoke(' ')).rejects.toThrow('is empty');
    const mixed = await right.batch(['red tent', ' '], undefined, { returnExceptions: true });
    expect(mixed[0]).toMatchObject([{ id: 'red-tent' }]);
    expect(mixed[1]).toBeInstanceOf(Error);
    await expect(right.batch(['red tent', ' '])).rejects.toThrow('is empty');
  });

  it('stops at a signal', async () => {
    const retriever = new R4tRetriever({ source: sources[name] });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(retriever.invoke('tents', { signal })).rejects.toThrow('enough');
    await expect(retriever.batch(['tents'], { signal })).rejects.toThrow('enough');
  });
});

it('asks a service for at most as many queries at once as it takes', async () => {
  const queries = Array.from({ length: 70 }, (_, i) => `lamp ${i}`);
  const documents = await new R4tRetriever({ source: sources.client, k: 1, method: 'plain' }).batch(queries);
  expect(documents.map(({ length }) => length)).toEqual(queries.map(() => 1));
});
