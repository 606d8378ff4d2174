import { expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { parseConfig } from '../../run/parseConfig.js';
import { RunFolder } from '../../run/runFolder.js';
import { provenanceOf } from './provenance.js';

const temp = tempFolder();

it('tells runs apart that an evaluation tuned otherwise, and says when the run was compiled, not evaluated', async () => {
  const run = await RunFolder.create(temp.path('run'), {
    config: parseConfig({}),
    catalog: { file: 'catalog.jsonl', items: 3, sha256: 'abc' },
    encoder: 'use-lite',
  });
  await run.finishStage('encode', { seconds: 1 });
  const compiled = await provenanceOf(run);
  await run.finishStage('evaluate', { seconds: 1, settings: { mmr: 0.4, dpp: 0.2 } });
  const evaluated = await provenanceOf(run);
  expect(evaluated.id).toBe(compiled.id);
  expect(evaluated.compiledAt).toBe(compiled.compiledAt);
  expect(evaluated.fingerprint).not.toBe(compiled.fingerprint);
  await run.finishStage('evaluate', { seconds: 2, settings: { mmr: 0.4, dpp: 0.2 } });
  expect((await provenanceOf(run)).fingerprint).toBe(evaluated.fingerprint);
  await run.finishStage('evaluate', { seconds: 2, settings: { mmr: 0.4, dpp: 0.4 } });
  expect((await provenanceOf(run)).fingerprint).not.toBe(evaluated.fingerprint);
});
