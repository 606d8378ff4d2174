import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FieldType, fieldTypes } from '../catalog/filter/filterTable.js';
import { type Auto, autoOf, choiceOf } from '../choose/choice.js';
import { DamagedFileError } from '../errors.js';
import type { Method } from '../retrieve/methodNames.js';
import { loadItems } from '../run/catalogFiles.js';
import { type Manifest, STAGES, type Stage, type StageRecord } from '../run/manifest.js';
import { type MetricsLine, readMetrics } from '../run/metricsLog.js';
import { RunFolder } from '../run/runFolder.js';

export interface StageInfo {
  readonly stage: Stage;
  /** `damaged`: a file of it is missing or differs from what was written. */
  readonly state: 'done' | 'damaged' | 'started' | 'open';
  /** What is damaged, and the remedy. */
  readonly problem?: string;
  /** Working time. */
  readonly seconds?: number;
  readonly finishedAt?: string;
  /** What the stage noted about itself. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** Trained parameters. */
  readonly parameters?: number;
  /** The last line of its metrics. */
  readonly lastMetrics?: MetricsLine;
  /** Size on disk. */
  readonly bytes: number;
}

export interface RunInfo {
  readonly run: string;
  readonly catalog: Manifest['catalog'];
  readonly sets?: Manifest['sets'];
  readonly queries?: Manifest['queries'];
  readonly encoder: string;
  readonly config: Manifest['config'];
  /** What each field of the items is, as filters see it; once the catalog is encoded. */
  readonly fields?: readonly FieldType[];
  /** What searches that name no method are answered by, and why; once methods are compared. */
  readonly auto?: Auto & { readonly unclear: readonly Method[] };
  readonly stages: readonly StageInfo[];
  /** Size on disk. */
  readonly bytes: number;
}

/**
 * Everything worth knowing about a run.
 *
 * @throws InputError if the folder holds no run or a damaged one
 */
export async function runInfo(folder: string): Promise<RunInfo> {
  const run = await RunFolder.open(folder);
  const { config, catalog, sets, queries, encoder } = run.manifest;
  const stages: StageInfo[] = [];
  for (const stage of STAGES) stages.push(await stageInfo(run, stage));
  const bytes = await folderSize(folder);
  const readable = stages.some(({ stage, state }) => stage === 'encode' && state === 'done');
  const fields = readable && (await fieldsOf(run));
  const choice = choiceOf(run);
  return {
    run: folder,
    catalog,
    sets,
    queries,
    encoder,
    config,
    ...(fields && { fields }),
    ...(choice && { auto: { ...autoOf(choice), unclear: choice.unclear } }),
    stages,
    bytes,
  };
}

async function fieldsOf(run: RunFolder): Promise<FieldType[]> {
  const { items, close } = await loadItems(run);
  try {
    return fieldTypes(items);
  } finally {
    close();
  }
}

async function stageInfo(run: RunFolder, stage: Stage): Promise<StageInfo> {
  const record = run.stageDone(stage);
  const {
    status: _,
    files: __,
    seconds,
    finishedAt,
    parameters,
    ...figures
  }: Partial<StageRecord> = record ?? {};
  const problem = await run.check(stage).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof DamagedFileError) return error.message;
      throw error;
    },
  );
  const bytes = await folderSize(run.path(stage));
  return {
    stage,
    state: problem ? 'damaged' : record ? 'done' : bytes > 0 ? 'started' : 'open',
    ...(problem && { problem }),
    seconds,
    finishedAt,
    figures,
    parameters:
      typeof parameters === 'number'
        ? parameters
        : await countParameters(run.path(stage, 'weights.safetensors')),
    lastMetrics: problem ? undefined : (await readMetrics(run.path(stage, 'metrics.jsonl'))).at(-1),
    bytes,
  };
}

/** Values in a safetensors file: all of four bytes, after a header whose length is the file's first number. */
async function countParameters(file: string): Promise<number | undefined> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const { size } = await handle.stat();
    const count = (size - 8 - Number(buffer.readBigUInt64LE())) / 4;
    return Number.isInteger(count) && count >= 0 ? count : undefined;
  } finally {
    await handle.close();
  }
}

async function folderSize(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    // A run at work deletes files under our hands.
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
