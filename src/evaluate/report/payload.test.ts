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

  it('has no composite for plain search, and nothing where a method has no set', () => {
    const data: ReportData = sampleReport({ task: 'oar' });
    const { folm, ...others } = data.queries[0].sets;
    const queries = [{ ...data.queries[0], sets: others }, ...data.queries.slice(1)];
    const payload = queryPayload({ ...data, queries }, new Map());
    const column = payload.metrics.indexOf('Composite');
    const setOf = (name: (typeof METHODS)[number]) => payload.queries[0].sets[METHODS.indexOf(name)];
    expect(setOf('plain')?.figures[column]).toBeNull();
    expect(setOf('diffusion')?.figures[column]).toBeTypeOf('number');
    expect(setOf('folm')).toBeNull();
  });
});
