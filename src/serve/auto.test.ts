import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { autoOf, choiceOf } from '../choose/choice.js';
import { RunFolder } from '../run/runFolder.js';
import { type Info, infoSchema, type SearchResponse } from './http/schemas.js';
import { compileTiny, SETS, serveTiny } from './testing/tinyRun.js';

const temp = tempFolder();

it('answers by the method that validation chose, by name too, and says why it is that', async () => {
  const folder = await compileTiny(temp, { sets: SETS });
  const choice = choiceOf(await RunFolder.open(folder));
  const service = await serveTiny(folder);
  const info = (await (await service.request('/v1/info')).json()) as Info;
  expect(infoSchema.safeParse(info).success).toBe(true);
  expect(info.auto).toEqual(choice && autoOf(choice));
  expect(info.method).toBe(choice?.chosen);

  const search = async (body: object) =>
    (await (await service.post('/v1/search', { query: 'red', ...body })).json()) as SearchResponse;
  const [named, unnamed] = [await search({ method: 'auto' }), await search({})];
  expect(named.results[0].method).toBe(choice?.chosen);
  expect(unnamed.results).toEqual(named.results);
  const { results } = await search({ methods: ['auto', 'plain'] });
  expect(results.map(({ method }) => method)).toEqual([choice?.chosen, 'plain']);
  await service.host.close();
});

it('has nothing to say of a run that has compared no methods', async () => {
  const service = await serveTiny(await compileTiny(temp, { out: 'half', stage: 'encode' }));
  const info = (await (await service.request('/v1/info')).json()) as Info;
  expect(info.method).toBe('plain');
  expect(info).not.toHaveProperty('auto');
  await service.host.close();
});
