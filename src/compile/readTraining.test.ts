import { describe, expect, it } from 'vitest';
import { readCandidates, SOURCES, standardize, standardOf } from '../candidates/candidates.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { lexiconOf } from '../lexical/lexicon.js';
import type { Policy } from '../policy/policy.js';
import { loadLabels, loadRemembered } from '../run/labels.js';
import { readSets } from '../synthesis/synthesize.js';
import { readTraining, searchedCatalog, type TrainingReading } from './readTraining.js';
import { encodedRun, ITEMS, SETS } from './testing/encodedRun.js';
import { trainingQueries } from './trainingQueries.js';

const temp = tempFolder();
const wscr = { task: 'wscr' } as const;

/** What a source says of an item as it said it, before it was made comparable. */
function said(
  reading: TrainingReading,
  query: number,
  item: number,
  source: (typeof SOURCES)[number],
): number {
  const { size, items, scores, standard } = reading;
  const place = items.subarray(query * size, (query + 1) * size).indexOf(item);
  const s = SOURCES.indexOf(source);
  return scores[(query * size + place) * SOURCES.length + s] * standard.deviations[s] + standard.means[s];
}

describe('readTraining', () => {
  it('tells nothing of what only the own set of a query has', async () => {
    // No other set has the boot.
    const sets = [...SETS, { query: 'white evening', items: ['red-boot', 'white-table'], split: 'train' }];
    const reading = await readTraining(await encodedRun(temp, { sets, config: wscr }));
    const own = reading.texts.indexOf('white evening');
    const boot = ITEMS.findIndex(({ id }) => id === 'red-boot');
    for (const source of ['classifier', 'votesOf3', 'votesOf10'] as const) {
      expect(said(reading, own, boot, source)).toBeCloseTo(0, 6);
      const others = [...reading.texts.keys()].filter((q) => q !== own);
      if (source === 'votesOf10')
        expect(Math.max(...others.map((q) => said(reading, q, boot, source)))).toBeGreaterThan(0);
    }
  });

  it('makes what the sources say comparable', async () => {
    const { scores } = await readTraining(await encodedRun(temp, { sets: SETS, config: wscr }));
    const { means, deviations } = standardOf(scores);
    for (const mean of means) expect(mean).toBeCloseTo(0, 4);
    for (const deviation of deviations) expect(deviation).toBeCloseTo(1, 3);
  });

  it('reads words and vectors alone where there are no reference sets', async () => {
    const queries = ['red', 'a tent'].map((query) => ({ query, split: 'train' }));
    const context = await encodedRun(temp, { queries });
    const { vectors, index, items } = context.workspace;
    const catalog = { vectors, index, lexicon: lexiconOf(items) };
    const found = await readCandidates(await trainingQueries(context), catalog);
    const reading = await readTraining(context);
    expect(reading.standard).toEqual(standardOf(found.scores));
    expect(reading.items).toEqual(found.items);
    expect(reading.scores).toEqual(standardize(found.scores.slice(), reading.standard));
  });

  it('reads once a run, and anew after it was stopped', async () => {
    const context = await encodedRun(temp, { sets: SETS, config: wscr });
    const signal = AbortSignal.abort();
    await expect(readTraining({ ...context, signal })).rejects.toBe(signal.reason);
    const reading = await readTraining(context);
    expect(await readTraining({ ...context })).toBe(reading);
  });

  it("remembers what a policy of the user's has written, and not the reference sets", async () => {
    let asked = 0;
    const policy: Policy = {
      k: 3,
      sample: async ({ queries, samplesPerQuery = 1 }) =>
        queries.flatMap((text, query) =>
          Array.from({ length: samplesPerQuery }, () => ({
            query,
            subQueries: ['boot', 'lamp', asked++ % 2 === 0 ? `${text} tent` : `${text} chair`],
            tokens: new Int32Array(),
            logProbs: new Float32Array(),
            entropies: new Float32Array(),
          })),
        ),
    };
    const context = await encodedRun(temp, {
      sets: SETS,
      config: { ...wscr, synthesis: { samplesPerQuery: 2 } },
      stage: 'synthesis',
      policy,
    });
    const { run, workspace } = context;
    const labels = await loadLabels(run, workspace.queries);
    const before = await loadRemembered(run, labels, workspace.vectors);
    expect(before?.references[0]).toEqual([12, 13, 14]);
    await readTraining(context);
    const { queryOf, rows } = await readSets({
      folder: run.path('synthesis'),
      queries: 12,
      vectors: workspace.vectors,
    });
    const remembered = await loadRemembered(run, labels, workspace.vectors);
    expect(remembered?.references).toHaveLength(12);
    remembered?.references.forEach((set, query) => {
      const written = [...queryOf.keys()].filter((s) => queryOf[s] === query);
      const all = written.flatMap((s) => [...rows.subarray(3 * s, 3 * s + 3)]);
      expect(new Set(set)).toEqual(new Set(all));
      expect(set).toHaveLength(new Set(all).size);
    });
    const { catalog, release } = await searchedCatalog(context);
    for (const set of remembered?.references ?? [])
      for (const item of set) expect(catalog.memory?.positionOf(item)).toBeDefined();
    await release();
  });
});
