/** A run's labels on disk. */
import type { QueryRecord } from '../catalog/item.js';
import { readSafetensors, writeSafetensors } from '../engine/index.js';
import { type Labels, labelsOf, labelTensors } from './labelTensors.js';
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
