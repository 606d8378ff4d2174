/** Writes a compiled run as the files that `r4t/web` loads. The one module of this folder that needs Node. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownNames } from '../catalog/fields.js';
import { choiceOf, winner } from '../choose/choice.js';
import { denoiserOnnx, samplerOnnx } from '../diffusion/model.js';
import { candidateModelOnnx, DRAWS, readDiffusion } from '../diffusion/modelFiles.js';
import { defaultSteps, samplingSigmas } from '../diffusion/samplingGrid.js';
import { USE_LITE_GLOVE_ID } from '../encode/builtIn.js';
import { gloveFile } from '../encode/glove.js';
import { readUseLite } from '../encode/useLite.js';
import { USE_LITE_ID } from '../encode/useLiteModel.js';
import { encodeOnnx, encodeSafetensors, readSafetensors, type StoredTensor } from '../engine/index.js';
import { InputError } from '../errors.js';
import { removeTemporaries, writeError, writeFileAtomic, writeJson } from '../files.js';
import { settingsOf } from '../retrieve/loadRun.js';
import { METHOD_NAMES, type Method } from '../retrieve/methodNames.js';
import { vectorFiles } from '../run/catalogFiles.js';
import { readWritten } from '../run/labels.js';
import { configOf } from '../run/manifest.js';
import { RunFolder } from '../run/runFolder.js';
import { tensor } from '../run/spaceFiles.js';
import { VectorShards } from '../run/vectorShards.js';
import { ENCODED_FILES, readQueries } from '../run/workspace.js';
import { TASKS } from '../tasks/tasks.js';
import { WEB_FILES, WEB_FORMAT, WEB_VERSION, WEB_WRITTEN, type WebManifest } from './manifest.js';

/**
 * Exports a run into `out`, a folder to be hosted as it is; the manifest last, so that a folder which has one is whole.
 *
 * @throws InputError if the folder holds no run that can be searched; DamagedFileError if a file of it is not what was written
 */
export async function exportRetriever(folder: string, out: string): Promise<WebManifest> {
  const run = await RunFolder.open(folder);
  const encoded = run.stageDone('encode');
  if (!encoded) {
    throw new InputError('is not compiled far enough to be searched; run compile again to go on', {
      file: folder,
    });
  }
  await run.check('encode');
  await run.check('diffusion');
  const to = (name: string) => join(out, name);
  const vectors = await allVectors(run);
  const labels = (await readSafetensors(run.path('encode', ENCODED_FILES.labels))).tensors;
  const space = (await readSafetensors(run.path('encode', ENCODED_FILES.space))).tensors;
  const written = Object.entries((await readWritten(run)) ?? {}).map(
    ([name, value]) => [`${WEB_WRITTEN}${name}`, value] as const,
  );
  const tensors: Record<string, StoredTensor> = {
    vectors,
    ...space,
    ...labels,
    ...Object.fromEntries(written),
  };
  const { encoder: id } = run.manifest;
  const words = id === USE_LITE_GLOVE_ID;
  const included = words || id === USE_LITE_ID;
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw writeError(error, out);
  });
  // An earlier export is no longer whole as soon as one of its files is another.
  await rm(to(WEB_FILES.manifest), { force: true }).catch((error: unknown) => {
    throw writeError(error, to(WEB_FILES.manifest));
  });
  if (included) {
    const { model, vocabulary } = await readUseLite();
    tensors.timing = { shape: [model.timing.length], data: model.timing };
    tensors.empty = { shape: [model.empty.length], data: model.empty };
    await writeFileAtomic(
      to(WEB_FILES.encoder),
      encodeOnnx(model.graph, { outputs: { vectors: model.vectors } }),
    );
    await writeFileAtomic(to(WEB_FILES.vocabulary), JSON.stringify(vocabulary));
  }
  if (words) await copyFile(gloveFile(), to(WEB_FILES.words));
  await copyFile(run.path('encode', ENCODED_FILES.states), to(WEB_FILES.states));
  await writeFileAtomic(to(WEB_FILES.tensors), encodeSafetensors(tensors));
  await copyFile(run.path('encode', ENCODED_FILES.items), to(WEB_FILES.items));
  const queries = await readQueries(run);
  const training = queries.filter(({ split }) => split === 'train').map(({ query }) => query);
  await writeFileAtomic(to(WEB_FILES.training), JSON.stringify(training));
  const diffusion = run.stageDone('diffusion') && (await exportDiffusion(run, to));
  const { k, catalog, task } = configOf(run.manifest, run.path('run.json'));
  const manifest: WebManifest = {
    format: WEB_FORMAT,
    version: WEB_VERSION,
    k,
    items: vectors.shape[0],
    settings: settingsOf(run),
    aspect: catalog.aspect,
    rest: choiceOf(run)?.rest,
    method: bestExported(run),
    encoder: { id, included, words },
    grounded: TASKS[task].subQueryEncoder !== undefined,
    ownNames: Object.fromEntries(ownNames(catalog)),
    ...(diffusion && { diffusion }),
  };
  await removeTemporaries(out);
  await writeJson(to(WEB_FILES.manifest), manifest);
  return manifest;
}

async function allVectors(run: RunFolder): Promise<StoredTensor> {
  const shards = await VectorShards.open(run.path('encode'), await vectorFiles(run));
  try {
    return tensor(shards.read(0, shards.rows));
  } finally {
    shards.close();
  }
}

/** The method that did best on validation queries of those that an export can answer by: the policy stays at home. */
function bestExported(run: RunFolder): Method {
  const { values = {} } = choiceOf(run) ?? {};
  const exported = METHOD_NAMES.filter((name) => name !== 'folm' && values[name] !== undefined);
  return winner(new Map(exported.map((name) => [name, values[name]!]))) ?? 'plain';
}

async function exportDiffusion(
  run: RunFolder,
  to: (name: string) => string,
): Promise<NonNullable<WebManifest['diffusion']>> {
  const { model, sampling } = await readDiffusion(run.path('diffusion'));
  const { config } = model;
  const ranks = config.head === 'anchors';
  const sampler = ranks ? 'dpmSolverPlusPlus2M' : sampling.sampler;
  const { guidance, steps = defaultSteps(config, sampler) } = sampling;
  const fused = sampler === 'dpmSolverPlusPlus2M';
  if (fused) {
    const all = ranks
      ? candidateModelOnnx(model, steps)
      : samplerOnnx(model, { sigmas: samplingSigmas(config, sampler, steps), guidance });
    await writeFileAtomic(to(WEB_FILES.sampler), all);
  }
  if (!ranks) await writeFileAtomic(to(WEB_FILES.denoiser), denoiserOnnx(model, { guided: guidance > 0 }));
  const { draws = DRAWS } = sampling;
  // Whoever opens it may have a browser that does not multiply codes exactly: it is exported in floats.
  return { config, defaults: { guidance, sampler, steps, ...(ranks && { draws }) }, fused };
}
