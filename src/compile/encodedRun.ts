/** The beginning of a compilation: inputs are read and checked, the run folder is made or found, and its first stage runs. */
import { basename, dirname, resolve } from 'node:path';
import type { Span } from '@opentelemetry/api';
import { type Catalog, loadCatalog } from '../catalog/catalog.js';
import { openSource } from '../catalog/source.js';
import type { Encoder, EncoderParts } from '../encode/encoder.js';
import { placeModel } from '../encode/encoderSetting.js';
import { loadEncoder } from '../encode/loadEncoder.js';
import { readability } from '../encode/textReading.js';
import { hashOfModel } from '../encode/transformersLibrary.js';
import type { RuntimeOptions } from '../engine/index.js';
import { DamagedFileError, InputError } from '../errors.js';
import { realPath } from '../files.js';
import { isModule, isPath } from '../moduleSetting.js';
import { modelFile, placePretrained } from '../policy/pretrained/pretrainedSetting.js';
import { fileOf } from '../policy/written/policySetting.js';
import { CROSS_ENCODER_FILES } from '../reward/judge/crossEncoderJudge.js';
import { type Config, isTrained, isTuned } from '../run/config.js';
import { type FileFingerprint, fingerprintFile } from '../run/fingerprint.js';
import type { Lock } from '../run/lock.js';
import { type RunInputs, STAGES } from '../run/manifest.js';
import { memoryPlan } from '../run/memoryPlan.js';
import { parseConfig } from '../run/parseConfig.js';
import { placePaths } from '../run/placePaths.js';
import { keptVectors } from '../run/runEncoder.js';
import { RunFolder } from '../run/runFolder.js';
import { budgetOf } from '../tasks/tasks.js';
import type { CompileOptions } from './compile.js';
import { encodeStage } from './encodeStage.js';
import { checkTexts, collectQueries, describeFields } from './inputs.js';
import { COMPILE_STAGES, type CompileStage, once } from './stage.js';

export interface EncodedRun {
  readonly run: RunFolder;
  readonly config: Config;
  readonly runtime: RuntimeOptions;
  readonly encoder: Encoder | EncoderParts;
  readonly budget?: number;
  readonly wanted: readonly CompileStage[];
  readonly lock?: Lock;
}

/** Reads the inputs and runs the first stage; what was read of the catalog goes before training begins. */
export async function encodedRun(options: CompileOptions, span: Span): Promise<EncodedRun> {
  const { out } = options;
  const given = parseConfig(options.config ?? {});
  // A run's paths are relative to the run.
  const folder = await realPath(out);
  const placed = placePaths(given, process.cwd(), folder);
  const runtime: RuntimeOptions = { device: placed.device, threads: placed.threads };
  const { catalog, fingerprint } = await readCatalog(options, placed);
  try {
    return await encodedFrom(catalog, fingerprint, { options, placed, folder, runtime, span });
  } finally {
    catalog.close();
  }
}

interface EncodeFromOptions {
  readonly options: CompileOptions;
  readonly placed: Config;
  readonly folder: string;
  readonly runtime: RuntimeOptions;
  readonly span: Span;
}

async function encodedFrom(
  catalog: Catalog,
  fingerprint: FileFingerprint,
  { options, placed, folder, runtime, span }: EncodeFromOptions,
): Promise<EncodedRun> {
  const { out, stage, force, signal, onProgress } = options;
  const last = stage === 'ablations' ? 'warm-start' : stage;
  // Items that change later are read by the same fields.
  const config = { ...placed, catalog: { ...placed.catalog, ...catalog.report.found } };
  if (catalog.items.length < config.k) {
    const [first] = catalog.report.skipped.first;
    const skipped = first === undefined ? '' : ` (${catalog.report.skipped.count} skipped: ${first})`;
    throw new InputError(
      `has ${catalog.items.length} items, fewer than k = ${config.k}${skipped}; lower k or add items`,
      { file: fingerprint.file },
    );
  }
  const { queries, reports } = await collectQueries(options, catalog, config);
  const encoder = await loadEncoder(config.encoder, {
    own: options.encoder,
    runtime,
    folder,
    dim: catalog.vectors?.cols,
    cache: keptVectors(out),
    imageFolders: [process.cwd(), dirname(fingerprint.file)],
    signal,
  });
  const texts = checkTexts(encoder, catalog, config.encoder);
  options.onInputs?.({
    catalog: catalog.report,
    fields: describeFields(catalog),
    ...reports,
    ...(texts && { texts }),
    memory: memoryPlan(catalog.items, config.dimensions),
    queryTexts: readability(
      encoder,
      queries.map(({ query }) => query),
    ),
  });
  const run = await RunFolder.create(
    out,
    {
      config,
      catalog: { ...fingerprint, items: catalog.items.length },
      ...(options.sets && { sets: await fingerprintFile(options.sets, signal) }),
      ...(options.queries && { queries: await fingerprintFile(options.queries, signal) }),
      encoder: encoder.id,
      ...(await ownModules(config, folder, signal)),
    },
    { force },
  );
  span.setAttributes({
    'r4t.run': basename(out),
    'r4t.items': catalog.items.length,
    'r4t.queries': queries.length,
    'r4t.encoder': encoder.id,
  });
  const wanted = COMPILE_STAGES.slice(0, last && COMPILE_STAGES.indexOf(last) + 1);
  const done = last !== undefined && wanted.every((name) => run.stageDone(name));
  const lock = done && !force ? undefined : await run.lock();
  try {
    await checkRun(run, force);
    const budget = budgetOf(config, catalog.items.length);
    checkOwnPolicy(run, options.policy !== undefined || !isTrained(config.policy));
    await once(run, 'encode', () =>
      encodeStage({ run, config, budget, runtime, catalog, queries, encoder, texts, signal, onProgress }),
    );
    return { run, config, runtime, encoder, budget, wanted, lock };
  } catch (error) {
    await lock?.[Symbol.asyncDispose]();
    throw error;
  }
}

/** The catalog, and what tells it from another. */
async function readCatalog(
  { catalog: given, out, strict, signal, onProgress }: CompileOptions,
  config: Config,
) {
  const source = await openSource(given, { signal });
  try {
    const reading = { ...config.catalog, strict, signal, onProgress, spoolIn: out };
    const catalog = await loadCatalog(source, reading);
    return { catalog, fingerprint: await source.fingerprint(signal) };
  } finally {
    await source.close?.();
  }
}

/**
 * Compares the files of every finished stage with what was written: what follows is made of them. By force, the first stage that is
 * damaged and all later ones are made anew.
 */
async function checkRun(run: RunFolder, force = false): Promise<void> {
  for (const stage of STAGES) {
    try {
      await run.check(stage);
    } catch (error) {
      if (!(force && error instanceof DamagedFileError)) throw error;
      return run.resetFrom(stage);
    }
  }
}

/** @throws InputError where the run so far is the work of another policy */
function checkOwnPolicy(run: RunFolder, own: boolean): void {
  const done = run.stageDone('policy') ?? run.stageDone('warm-start');
  if (done === undefined || (done.own === true) === own) return;
  throw new InputError(
    own
      ? 'holds a run that has trained a policy; choose another --out for one that is used as it is'
      : 'was compiled with a policy of your own; give it again with the option "policy", or choose another --out',
    { file: run.folder },
  );
}

/** The files behind the config's policy, own reward and judge, and of a judge's model, so that a change is noticed. */
async function ownModules(
  { policy, reward }: Config,
  folder: string,
  signal?: AbortSignal,
): Promise<Pick<RunInputs, 'modules'>> {
  const modules: Record<string, FileFingerprint> = {};
  const judge = 'judge' in reward ? reward.judge : undefined;
  for (const [name, setting] of Object.entries({ policy, reward, judge })) {
    if (!isModule(setting)) continue;
    const { sha256 } = await fingerprintFile(resolve(folder, setting.path), signal);
    modules[name] = { file: setting.path, sha256 };
  }
  const base = isTuned(policy) ? modelFile(placePretrained(policy, folder).model) : undefined;
  if (base) modules.policy = { file: base, sha256: (await fingerprintFile(base, signal)).sha256 };
  const written = fileOf(policy);
  if (written) {
    const { sha256 } = await fingerprintFile(resolve(folder, written.path), signal);
    modules.policy = { file: written.path, sha256 };
  }
  if ('fanOuts' in policy && policy.fanOuts !== undefined) {
    const { sha256 } = await fingerprintFile(resolve(folder, policy.fanOuts), signal);
    modules.fanOuts = { file: policy.fanOuts, sha256 };
  }
  if (typeof judge === 'object' && judge.kind === 'crossEncoder') {
    const { model: file, quantized } = judge;
    const model = placeModel(file, folder);
    if (isPath(model))
      modules.judge = { file, sha256: await hashOfModel({ model, quantized, files: CROSS_ENCODER_FILES }) };
  }
  return Object.keys(modules).length > 0 ? { modules } : {};
}
