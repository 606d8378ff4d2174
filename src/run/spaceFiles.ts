/** A fitted space as files of a run. */
import { access } from 'node:fs/promises';
import * as z from 'zod';
import type { FittedPart, Space } from '../encode/space.js';
import { readSafetensors, writeSafetensors } from '../engine/index.js';
import { InputError } from '../errors.js';
import { readJson, writeJson } from '../files.js';
import { type Matrix, matrix } from '../matrix.js';
import type { RunFolder } from './runFolder.js';

/** Names of the files in the folder of the encode stage: `projection` and a `common.<i>` for each part; the parts' states. */
export const SPACE_FILES = { space: 'space.safetensors', states: 'space.json' };

export async function saveSpace(run: RunFolder, { parts, projection }: Space): Promise<void> {
  const common = parts.map((part, i) => [`common.${i}`, tensor(part.common)] as const);
  await writeSafetensors(
    run.path('encode', SPACE_FILES.space),
    { projection: tensor(projection.components), ...Object.fromEntries(common) },
    { keptVariance: String(projection.keptVariance) },
  );
  const states = { parts: parts.map(({ state }) => (state === undefined ? {} : { state })) };
  await writeJson(run.path('encode', SPACE_FILES.states), states);
}

/** Whether all of what `saveSpace` writes is there. */
export const hasSpace = (run: RunFolder): Promise<boolean> =>
  access(run.path('encode', SPACE_FILES.states)).then(
    () => true,
    () => false,
  );

const statesSchema = z.object({ parts: z.array(z.object({ state: z.unknown().optional() })).min(1) });

/** @throws {InputError} if a file is missing or damaged */
export async function readSpace(run: RunFolder): Promise<Space> {
  const statesFile = run.path('encode', SPACE_FILES.states);
  const states = statesSchema.safeParse(await readJson(statesFile));
  if (!states.success) throw new InputError('is damaged; compile again with --force', { file: statesFile });
  const file = run.path('encode', SPACE_FILES.space);
  const { metadata } = await readSafetensors(file);
  const parts: FittedPart[] = [];
  for (const [i, { state }] of states.data.parts.entries()) {
    const common = await readMatrix(file, `common.${i}`);
    parts.push(state === undefined ? { common } : { common, state });
  }
  const components = await readMatrix(file, 'projection');
  return { parts, projection: { components, keptVariance: Number(metadata.keptVariance) } };
}

export const tensor = ({ data, rows, cols }: Matrix) => ({ shape: [rows, cols], data });

/** @throws {InputError} if the file is missing or damaged, or has no matrix of that name */
export async function readMatrix(file: string, name: string): Promise<Matrix> {
  const { tensors } = await readSafetensors(file);
  const stored = tensors[name];
  if (!(stored?.data instanceof Float32Array) || stored.shape.length !== 2) {
    throw new InputError(`has no matrix "${name}"; it is damaged or of another program`, { file });
  }
  return matrix(stored.shape[0], stored.shape[1], stored.data);
}
