import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Checksums,
  checkFiles,
  checksumsOf,
  checksumsSchema,
  readSealedJson,
  writeSealedJson,
} from '../checksums.js';
import { InputError } from '../errors.js';
import { writeError } from '../files.js';
import type { Parameters } from './parameters.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import type { TrainerState } from './trainer.js';

export interface Checkpoint {
  readonly state: TrainerState;
  /** What the caller stored beside the state. */
  readonly extra: unknown;
}

interface Manifest {
  readonly format: typeof FORMAT;
  readonly step: number;
  /** Subfolder that holds one safetensors file a group. */
  readonly folder: string;
  readonly groups: readonly string[];
  /** What the groups' files were when they were written. */
  readonly files: Checksums;
  readonly extra: unknown;
}

const FORMAT = 'r4t-checkpoint-2';
const MANIFEST = 'checkpoint.json';
const SUBFOLDER = /^step-\d+(\.\d+)?$/;

/**
 * Saves a trainer's state, and any JSON value beside it, in `folder`, in place of the checkpoint that is there. The
 * tensors go to a new subfolder; renaming the manifest over the old one is what makes them the checkpoint, so a save
 * that is cut short at any moment leaves the one before. One process may save to a folder at a time.
 *
 * @throws R4tError if the disk is full or the folder may not be written; the checkpoint before is then untouched
 *
 * @example
 * await saveCheckpoint('runs/model', trainer.state, { seed });
 */
export async function saveCheckpoint(
  folder: string,
  state: TrainerState,
  extra: unknown = null,
): Promise<void> {
  const { step, groups } = state;
  const place = await newSubfolder(folder, `step-${step}`);
  for (const [group, parameters] of Object.entries(groups)) {
    const tensors = [...parameters].map(([name, { dims, data }]) => [name, { shape: dims, data }]);
    await writeSafetensors(join(folder, place, `${group}.safetensors`), Object.fromEntries(tensors));
  }
  const files = await checksumsOf(join(folder, place));
  const manifest: Manifest = {
    format: FORMAT,
    step,
    folder: place,
    groups: Object.keys(groups),
    files,
    extra,
  };
  await writeSealedJson(join(folder, MANIFEST), manifest);
  for (const name of await readdir(folder)) {
    if (SUBFOLDER.test(name) && name !== place)
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * The checkpoint saved in `folder`, for `Trainer.restore`; undefined if there is none.
 *
 * @param remedy what to do about a damaged one
 * @throws DamagedFileError if it is not what was saved, InputError if it is no checkpoint of this package
 */
export async function loadCheckpoint(
  folder: string,
  remedy = 'delete the folder to begin anew',
): Promise<Checkpoint | undefined> {
  const file = join(folder, MANIFEST);
  const entries = await readdir(folder).catch((error): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (!entries.includes(MANIFEST)) return undefined;
  const manifest: unknown = await readSealedJson(file, remedy);
  if (!isManifest(manifest)) throw new InputError(`is not the manifest of a checkpoint; ${remedy}`, { file });
  await checkFiles(join(folder, manifest.folder), manifest.files, remedy);
  const groups: Record<string, Parameters> = {};
  for (const group of manifest.groups) {
    const tensorFile = join(folder, manifest.folder, `${group}.safetensors`);
    const { tensors } = await readSafetensors(tensorFile);
    groups[group] = new Map(
      Object.entries(tensors).map(([name, { shape, data }]) => {
        if (!(data instanceof Float32Array))
          throw new InputError(`tensor "${name}" is not float32`, { file: tensorFile });
        return [name, { data, dims: shape }];
      }),
    );
  }
  return { state: { step: manifest.step, groups }, extra: manifest.extra };
}

/** Makes a subfolder whose name is free, also beside what an interrupted save left. */
async function newSubfolder(folder: string, stem: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    const taken = new Set(await readdir(folder));
    let name = stem;
    for (let i = 1; taken.has(name); i++) name = `${stem}.${i}`;
    await mkdir(join(folder, name));
    return name;
  } catch (error) {
    throw writeError(error, folder);
  }
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { format, step, folder, groups, files } = value as Record<string, unknown>;
  return (
    format === FORMAT &&
    Number.isSafeInteger(step) &&
    typeof folder === 'string' &&
    SUBFOLDER.test(folder) &&
    Array.isArray(groups) &&
    // Group names are file names: none may lead out of the folder.
    groups.every((group) => typeof group === 'string' && /^[\w.-]+$/.test(group)) &&
    checksumsSchema.safeParse(files).success
  );
}
