import { describe, expect, it } from 'vitest';
import { METHODS, type ReportData } from '../results.js';
import { queryPayload } from './payload.js';
import { sampleReport } from './testing/sampleReport.js';

/** The payload's sets with items and sub-queries put back in. */
function unpacked({ items, methods, queries }: ReturnType<typeof queryPayload>) {
  return queries.map(({ text, reference, sets }) => ({
    text,
    reference,
    sets: Object.fromEntries(
      methods.map(({ id }, m) => [
        id,
        sets[m]?.items.map(([item, direction, relevant]) => ({
          title: items[item][0],
          subQuery: sets[m]?.subQueries[direction],
          relevant: relevant === 1,
        })),
      ]),
    ),
  }));
}

describe('queryPayload', () => {
  it('holds every set', () => {
    const data = sampleReport();
    const wanted = data.queries.map(({ query, reference, sets }) => ({
      text: query,
      reference,
      sets: Object.fromEntries(
        METHODS.map((name) => [
          name,
          sets[name]?.items.map(({ title, direction, relevant }) => ({
            title,
            subQuery: sets[name]?.subQueries?.[direction],
            relevant,
          })),
        ]),
      ),
    }));
    expect(unpacked(queryPayload(data, new Map()))).toEqual(wanted);
  });

  it('holds each item and picture once', () => {
    const data = sampleReport();
    const [first] = data.queries;
    const item = (id: string) => ({ id, title: id, image: 'same.svg', direction: 0 });
    const queries = [{ ...first, sets: { plain: { items: ['a', 'b', 'a'].map(item), metrics: {} } } }];
    const { items, pictures } = queryPayload({ ...data, queries }, new Map([['same.svg', 'data:image/x,1']]));
    expect(items).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
    expect(pictures).toEqual(['data:image/x,1']);
  });

  it('has what labels say first, and nothing where a method has no set', () => {
    const data: ReportData = sampleReport();
    const { folm, ...others } = data.queries[0].sets;
    const queries = [{ ...data.queries[0], sets: others }, ...data.queries.slice(1)];
    const payload = queryPayload({ ...data, queries }, new Map());
    expect(payload.metrics).toEqual(['P@4', 'alpha-nDCG@4', 'S-recall@4', 'Diversity', 'Alignment']);
    const setOf = (name: (typeof METHODS)[number]) => payload.queries[0].sets[METHODS.indexOf(name)];
    const { precisionAtK, alphaNdcgAtK } = data.queries[0].sets.plain!.metrics;
    expect(setOf('plain')?.figures.slice(0, 2)).toEqual([precisionAtK, alphaNdcgAtK]);
    expect(setOf('folm')).toBeNull();
  });

  it('has null where a query has no label, and no label metric where none has', () => {
    const data = sampleReport();
    const [first, ...others] = data.queries;
    const unlabelled = { query: 'new', sets: { plain: { items: [], metrics: { diversity: 0.5 } } } };
    const { queries } = queryPayload({ ...data, queries: [unlabelled, first, ...others] }, new Map());
    expect(queries[0].sets[0]?.figures).toEqual([null, null, null, 0.5, null]);
    expect(queryPayload(sampleReport({ labelled: false }), new Map()).metrics).toEqual([
      'Diversity',
      'Alignment',
    ]);
    expect(queryPayload(sampleReport({ labelled: false, judged: true }), new Map()).metrics[0]).toBe(
      'judged@4',
    );
  });
});
