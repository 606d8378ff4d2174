/** One tiny run with reference sets, as the library has it and over HTTP. */
import { afterAll, beforeAll } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { Client } from '../../client/client.js';
import { letterEncoder } from '../../policy/testing/world.js';
import { Retriever } from '../../retrieve/retriever.js';
import { compileTiny, SETS, serveTiny, type TinyService } from '../../serve/testing/tinyRun.js';

export interface Sources {
  readonly folder: string;
  readonly library: Retriever;
  readonly client: Client;
  readonly service: TinyService;
}

/** Compiles it before the tests of a file and closes it after them. */
export function tinySources(): Sources {
  const temp = tempFolder();
  const sources = {} as { -readonly [Name in keyof Sources]: Sources[Name] };
  beforeAll(async () => {
    sources.folder = await compileTiny(temp, { sets: SETS });
    sources.library = await Retriever.load(sources.folder, { encoder: letterEncoder, threads: 1 });
    const service = await serveTiny(sources.folder);
    sources.service = service;
    const direct = ((url: string, init: RequestInit) => service.request(url, init)) as typeof fetch;
    sources.client = new Client({ url: 'http://localhost', fetch: direct });
  });
  afterAll(async () => {
    await sources.library.close();
    await sources.service.host.close();
  });
  return sources;
}
