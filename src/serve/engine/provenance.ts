/** Says which run answered, so that an answer can be traced. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { POLICY_FILES } from '../../policy/policyFiles.js';
import { vectorFiles } from '../../run/catalogFiles.js';
import { fingerprintFile } from '../../run/fingerprint.js';
import type { RunFolder } from '../../run/runFolder.js';
import type { RunProvenance } from '../http/schemas.js';

const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };

/** The files whose bytes decide the answers. */
const ANSWERING = [
  ['encode', 'space.safetensors'],
  ['encode', 'space.json'],
  POLICY_FILES.trained,
  ['diffusion', 'weights.safetensors'],
];

export async function provenanceOf(run: RunFolder): Promise<RunProvenance> {
  const { stages, config, catalog, queries, sets, encoder } = run.manifest;
  const inputs = { config, catalog: catalog.sha256, queries: queries?.sha256, sets: sets?.sha256, encoder };
  const vectors = (await vectorFiles(run)).map((name) => ['encode', name]);
  const files = [...vectors, ...ANSWERING]
    .map((parts) => run.path(...parts))
    .filter((file) => existsSync(file));
  // Numbers of the manifest decide them as well; compiling again, bit by bit the same, finds the same ones.
  const { evaluate: _, ...compiled } = stages;
  const numbers = [stages.choose?.settings, stages.choose?.chosen];
  const digests: string[] = [JSON.stringify(numbers)];
  for (const file of files) digests.push((await fingerprintFile(file)).sha256);
  const times = Object.values(compiled).map(({ finishedAt }) => finishedAt);
  return {
    id: shortHash(JSON.stringify(inputs)),
    name: basename(resolve(run.folder)),
    fingerprint: shortHash(digests.join()),
    compiledAt: times.sort().at(-1) ?? '',
    version,
  };
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
