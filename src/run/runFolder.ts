import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkFiles, checksumsOf, readSealedJson, writeSealedJson } from '../checksums.js';
import { InputError } from '../errors.js';
import { readJson, removeTemporaries, writeError } from '../files.js';
import { acquireLock, type Lock } from './lock.js';
import {
  type Manifest,
  manifestDifferences,
  newManifest,
  parseManifest,
  type RunInputs,
  STAGES,
  type Stage,
  type StageRecord,
} from './manifest.js';

const MANIFEST = 'run.json';

/** The folder in a stage's where it keeps what it would go on with; it goes when the stage is done. */
export const CHECKPOINT = 'checkpoint';

/** What to do about a damaged file of a finished stage. */
const REMEDY = 'compile again with --force, which makes what is damaged and what follows from it anew';

/** What to do about damage in what an unfinished stage has kept so far. */
export const startOver = (folder: string): string =>
  `delete the folder ${folder} and compile again: that stage then starts over`;

export interface CreateRunOptions {
  /** Start an existing run with other inputs anew: the work of its stages is deleted. */
  readonly force?: boolean;
}

/**
 * The folder of one run: `run.json` says what it was made of and which stages are done; every stage keeps its files
 * in the folder of its name.
 *
 * @example
 * const run = await RunFolder.create('runs/shoes', { config, catalog, encoder: encoder.id });
 * await using lock = await run.lock();
 * if (!run.stageDone('encode')) {
 *   // ... writes run.path('encode', 'vectors.safetensors')
 *   await run.finishStage('encode', { seconds: 12.5, items: 4487 });
 * }
 */
export class RunFolder {
  #manifest: Manifest;
  readonly #checked = new WeakSet<StageRecord>();

  private constructor(
    readonly folder: string,
    manifest: Manifest,
  ) {
    this.#manifest = manifest;
  }

  /**
   * Makes a new run, or goes on with an existing one made of the same inputs.
   *
   * @throws InputError if the folder holds something else, is damaged, or holds a run with other inputs (it says which)
   *   and `force` is not set
   */
  static async create(
    folder: string,
    inputs: RunInputs,
    { force = false }: CreateRunOptions = {},
  ): Promise<RunFolder> {
    const wanted = newManifest(inputs);
    const state = await folderState(folder);
    if (state === 'foreign') throw notARun(folder, 'choose another --out');
    if (state === 'free') {
      const run = new RunFolder(folder, wanted);
      await run.#save();
      return run;
    }
    const run = await RunFolder.open(folder);
    const differs = manifestDifferences(run.#manifest, wanted);
    if (differs.length > 0 && !force) {
      const shown =
        differs.slice(0, 5).join(', ') + (differs.length > 5 ? `, and ${differs.length - 5} more` : '');
      throw new InputError(
        `holds a run with another ${shown}; choose another --out, or --force to start anew`,
        {
          file: folder,
        },
      );
    }
    // Where nothing differs, paths, threads and device may still be new.
    const before = run.#manifest;
    run.#manifest = { ...wanted, stages: before.stages };
    if (differs.length > 0) {
      // Nobody may be working on what is deleted.
      await using _lock = await run.lock();
      await run.resetFrom(STAGES[0]);
    } else if (JSON.stringify(run.#manifest) !== JSON.stringify(before)) {
      await run.#save();
    }
    return run;
  }

  /**
   * Opens an existing run, e.g. to search it.
   *
   * @throws InputError if there is none or its manifest is damaged
   */
  static async open(folder: string): Promise<RunFolder> {
    const state = await folderState(folder);
    if (state === 'free') throw new InputError('holds no run; compile one first', { file: folder });
    if (state === 'foreign') throw notARun(folder, 'give the folder that compile made');
    const file = join(folder, MANIFEST);
    const remedy = 'put it back from a copy, or delete the folder and compile again';
    const manifest = await readSealedJson(file, remedy).catch(async (error: unknown) => {
      // One of an early version has no seal, and one of another program neither: that is not damage.
      const found = await readJson(file).catch(() => undefined);
      if (found !== undefined && !('sha256' in Object(found))) parseManifest(found, file);
      throw error;
    });
    return new RunFolder(folder, parseManifest(manifest, file));
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /** A path inside the run, e.g. `run.path('policy', 'metrics.jsonl')`. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** What a finished stage noted about itself; undefined while it is not done. */
  stageDone(stage: Stage): StageRecord | undefined {
    return this.#manifest.stages[stage];
  }

  /**
   * Marks a stage as done, with its working time in seconds and whatever else is worth keeping. What later stages noted before is
   * forgotten: they did not know of it.
   */
  async finishStage(stage: Stage, summary: { readonly seconds: number; readonly [name: string]: unknown }) {
    await removeTemporaries(this.path(stage));
    // Reports are read by people alone, and judgements are added to them.
    const files = stage === 'evaluate' ? {} : await checksumsOf(this.path(stage), CHECKPOINT);
    const finishedAt = new Date().toISOString();
    const { seconds, ...figures } = summary;
    // In the order in which it is read again, so that a resumed run's manifest is the same.
    const record: StageRecord = { status: 'done', seconds, finishedAt, files, ...figures };
    const before = Object.entries(this.#manifest.stages).filter(
      ([name]) => STAGES.indexOf(name as Stage) < STAGES.indexOf(stage),
    );
    this.#manifest = { ...this.#manifest, stages: { ...Object.fromEntries(before), [stage]: record } };
    await this.#save();
  }

  /**
   * Compares the files of a stage with what they were when it was finished, once; of a stage that is not done there is nothing to
   * compare. Takes about as long as reading them.
   *
   * @throws DamagedFileError naming the first file that is missing or differs
   */
  async check(stage: Stage): Promise<void> {
    const record = this.#manifest.stages[stage];
    if (!record || this.#checked.has(record)) return;
    await checkFiles(this.path(stage), record.files, REMEDY);
    this.#checked.add(record);
  }

  /** Forgets a stage and all later ones, and deletes their folders. */
  async resetFrom(stage: Stage): Promise<void> {
    const dropped = STAGES.slice(STAGES.indexOf(stage));
    const stages = { ...this.#manifest.stages };
    for (const name of dropped) delete stages[name];
    this.#manifest = { ...this.#manifest, stages };
    // The manifest first: a stage must not be called done while its files go.
    await this.#save();
    for (const name of dropped) await rm(this.path(name), { recursive: true, force: true });
  }

  /**
   * Keeps other processes from working on this run, or on the part of it that needs nothing else to stand still; searching it
   * needs no lock.
   *
   * @throws InputError if a living process holds the lock
   */
  async lock(part: 'run' | 'ablations' = 'run'): Promise<Lock> {
    const lock = await acquireLock(this.path(`${part}.lock`));
    await removeTemporaries(this.folder);
    return lock;
  }

  async #save(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
    } catch (error) {
      throw writeError(error, this.folder);
    }
    await writeSealedJson(this.path(MANIFEST), this.#manifest);
  }
}

/** Whether the folder holds a run, something else, or nothing yet. */
async function folderState(folder: string): Promise<'run' | 'foreign' | 'free'> {
  const info = await stat(folder).catch(() => undefined);
  if (info === undefined) return 'free';
  if (!info.isDirectory()) return 'foreign';
  const names = await readdir(folder);
  if (names.includes(MANIFEST)) return 'run';
  // A manifest that was being written when its process died.
  const isUnfinished = names.every((name) => name.startsWith(`.${MANIFEST}.`));
  return isUnfinished ? 'free' : 'foreign';
}

function notARun(folder: string, advice: string): InputError {
  return new InputError(`is not an r4t run folder; ${advice}`, { file: folder });
}
