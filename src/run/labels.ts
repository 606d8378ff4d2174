/** A run's labels on disk. */
import { access } from 'node:fs/promises';
import type { QueryRecord } from '../catalog/item.js';
import { readSafetensors, writeSafetensors } from '../engine/index.js';
import type { VectorTable } from '../matrix.js';
import {
  type Labels,
  labelsOf,
  labelTensors,
  type RememberedLabels,
  rememberedLabels,
} from './labelTensors.js';
import type { RunFolder } from './runFolder.js';
import { ENCODED_FILES } from './workspace.js';

/** Writes the labels into the run's encode folder. */
export async function saveLabels(run: RunFolder, labels: Labels): Promise<void> {
  await writeSafetensors(run.path('encode', ENCODED_FILES.labels), labelTensors(labels));
}

/**
 * Reads what `saveLabels` wrote; `queries` are the run's.
 *
 * @throws InputError if the file is missing or damaged
 */
export async function loadLabels(run: RunFolder, queries: readonly QueryRecord[]): Promise<Labels> {
  const { tensors } = await readSafetensors(run.path('encode', ENCODED_FILES.labels));
  return labelsOf(
    tensors,
    queries.filter(({ split }) => split === 'train').map(({ query }) => query),
  );
}

/** The file of the sets that a policy of the user's has written for the training queries, which are remembered then. */
const WRITTEN = ['diffusion', 'memory.safetensors'] as const;

/** Writes the labels of sets that a policy of the user's wrote. */
export async function saveWritten(run: RunFolder, labels: Labels): Promise<void> {
  await writeSafetensors(run.path(...WRITTEN), labelTensors(labels));
}

/**
 * The sets that the run's models remember: those which a policy of the user's wrote, else the reference sets, if there are any.
 *
 * @throws InputError if a file is damaged
 */
export async function loadRemembered(
  run: RunFolder,
  labels: Labels,
  catalog: VectorTable,
): Promise<RememberedLabels | undefined> {
  const written = await readWritten(run);
  return rememberedLabels(written ? labelsOf(written, labels.training?.texts ?? []) : labels, catalog);
}

/** The tensors of `saveWritten`, or undefined in a run without such a policy. */
export async function readWritten(run: RunFolder): Promise<Parameters<typeof labelsOf>[0] | undefined> {
  const file = run.path(...WRITTEN);
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  return exists ? (await readSafetensors(file)).tensors : undefined;
}
