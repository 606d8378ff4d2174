import { expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { parseConfig } from '../../run/parseConfig.js';
import { RunFolder } from '../../run/runFolder.js';
import { provenanceOf } from './provenance.js';

const temp = tempFolder();

it('tells runs apart that chose otherwise, and says when the run was compiled, not evaluated', async () => {
  const run = await RunFolder.create(temp.path('run'), {
    config: parseConfig({}),
    catalog: { file: 'catalog.jsonl', items: 3, sha256: 'abc' },
    encoder: 'use-lite',
  });
  const choose = (settings: Readonly<Record<string, number>>, chosen = 'mmr') =>
    run.finishStage('choose', { seconds: 1, settings, chosen });
  await run.finishStage('encode', { seconds: 1 });
  await choose({ mmr: 0.4, dpp: 0.2 });
  const compiled = await provenanceOf(run);
  await run.finishStage('evaluate', { seconds: 1 });
  expect(await provenanceOf(run)).toEqual(compiled);
  await choose({ mmr: 0.4, dpp: 0.2 });
  expect((await provenanceOf(run)).fingerprint).toBe(compiled.fingerprint);
  await choose({ mmr: 0.4, dpp: 0.4 });
  const tuned = await provenanceOf(run);
  expect(tuned.id).toBe(compiled.id);
  expect(tuned.fingerprint).not.toBe(compiled.fingerprint);
  await choose({ mmr: 0.4, dpp: 0.4 }, 'plain');
  expect((await provenanceOf(run)).fingerprint).not.toBe(tuned.fingerprint);
});
