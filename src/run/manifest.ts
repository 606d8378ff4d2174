import { createHash } from 'node:crypto';
import * as z from 'zod';
import { checksumsSchema } from '../checksums.js';
import { InputError } from '../errors.js';
import { isModule } from '../moduleSetting.js';
import { fileOf } from '../policy/written/policySetting.js';
import type { Config } from './config.js';
import type { FileFingerprint } from './fingerprint.js';
import { parseConfig } from './parseConfig.js';

/** The stages that write into a run, in pipeline order; each owns the folder of its name. */
export const STAGES = [
  'encode',
  'warm-start',
  'policy',
  'synthesis',
  'diffusion',
  'choose',
  'evaluate',
] as const;
export type Stage = (typeof STAGES)[number];

const MANIFEST_FORMAT = 'r4t-run';
const MANIFEST_VERSION = 2;

const fingerprint = z.object({ file: z.string(), sha256: z.string() });
const stageRecord = z.looseObject({
  status: z.literal('done'),
  /** Working time in seconds, over all resumptions. */
  seconds: z.number(),
  finishedAt: z.string(),
  /** What the files of its folder were then. */
  files: checksumsSchema,
});

const manifestSchema = z.object({
  format: z.literal(MANIFEST_FORMAT),
  version: z.number(),
  config: z.record(z.string(), z.unknown()),
  catalog: fingerprint.extend({ items: z.number() }),
  sets: fingerprint.optional(),
  queries: fingerprint.optional(),
  encoder: z.string(),
  modules: z.partialRecord(z.enum(['policy', 'fanOuts', 'reward', 'judge']), fingerprint).optional(),
  stages: z.partialRecord(z.enum(STAGES), stageRecord),
});

/** What `run.json` holds. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A finished stage; a stage may add its own summary. */
export type StageRecord = z.infer<typeof stageRecord>;

/** Everything that decides what a run computes. */
export interface RunInputs {
  readonly config: Config;
  readonly catalog: FileFingerprint & { readonly items: number };
  readonly sets?: FileFingerprint;
  readonly queries?: FileFingerprint;
  /** `Encoder.id`. */
  readonly encoder: string;
  /** The modules of the config's own policy, reward and judge, their models, and recorded fan-outs. */
  readonly modules?: Partial<Record<'policy' | 'fanOuts' | 'reward' | 'judge', FileFingerprint>>;
}

export function newManifest(inputs: RunInputs): Manifest {
  return {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    ...inputs,
    config: plainConfig(inputs.config),
    stages: {},
  };
}

/** @throws InputError if the value is no manifest or of a newer version */
export function parseManifest(value: unknown, file: string): Manifest {
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > MANIFEST_VERSION) {
    throw new InputError(`has version ${version}; update r4t to read it`, { file });
  }
  if (typeof version === 'number' && version < MANIFEST_VERSION) {
    throw new InputError(
      'is of an earlier version, which kept no checksums; compile again into another folder',
      {
        file,
      },
    );
  }
  const result = manifestSchema.safeParse(value);
  if (result.success) return result.data;
  const { path } = result.error.issues[0];
  throw new InputError(`is not the manifest of an r4t run, or is damaged`, {
    file,
    field: path.length > 0 ? path.join('.') : undefined,
  });
}

/**
 * Settings of where a run is computed, not what: they may change between two calls. So may the encoder's, which say where the model
 * is, as long as it has the same id, and the index, which is to find the same whoever it is.
 */
const MACHINE_SETTINGS = ['threads', 'device', 'encoder', 'index'];

/**
 * What differs between two runs, as paths such as `config.policy.groupSize`. A file that only moved does not differ,
 * nor do `threads`, `device` and `index`; an encoder differs by its id, a module by what is in it.
 */
export function manifestDifferences(a: Manifest, b: Manifest): string[] {
  const identity = ({ config, catalog, sets, queries, encoder, modules }: Manifest) => ({
    config: Object.fromEntries(
      Object.entries(config)
        .filter(([name]) => !MACHINE_SETTINGS.includes(name))
        .map(([name, value]) => [name, withoutPath(value, name, modules)]),
    ),
    catalog: catalog.sha256,
    sets: sets?.sha256,
    queries: queries?.sha256,
    encoder,
  });
  return differences(identity(a), identity(b), []);
}

function differences(a: unknown, b: unknown, path: readonly string[]): string[] {
  if (isObject(a) && isObject(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].flatMap((name) => differences(a[name], b[name], [...path, name]));
  }
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [path.join('.')];
}

/** The settings a run was made with; a function, reward or judge, cannot be brought back, the default stands in for it. */
export function configOf(manifest: Manifest, file: string): Config {
  const { reward: _, ...settings } = manifest.config;
  return parseConfig(rewardIsFunction(manifest) ? settings : manifest.config, file);
}

/** Whether the run was made with a function as its reward or judge. */
export const rewardIsFunction = ({ config: { reward } }: Manifest): boolean =>
  typeof reward === 'string' || (isObject(reward) && String(reward.judge).startsWith(FUNCTION));

/** What stands for a function in a run's config, before the hash of its source. */
const FUNCTION = 'function sha256:';

/** The config as JSON holds it; a function by the hash of its source, so that a changed one is noticed. */
function plainConfig(config: Config): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(config, (_, value: unknown) =>
      typeof value === 'function'
        ? `${FUNCTION}${createHash('sha256').update(String(value)).digest('hex').slice(0, 16)}`
        : value,
    ),
  ) as Record<string, unknown>;
}

/** A setting with what is in its module instead of where that lies. */
function withoutPath(value: unknown, name: string, modules: Manifest['modules']): unknown {
  if (isModule(value)) {
    const known = modules as Readonly<Record<string, FileFingerprint>> | undefined;
    return `module sha256:${known?.[name]?.sha256}`;
  }
  if (name === 'policy' && isObject(value)) return policyIdentity(value, modules);
  if (name !== 'reward' || !isObject(value)) return value;
  return { ...value, judge: judgeIdentity(value.judge, modules) };
}

/**
 * Who writes, and what it is told: not where it is found, how many questions it is asked at a time, nor for what price; nor what memory
 * its training takes.
 */
function policyIdentity(policy: Record<string, unknown>, modules: Manifest['modules']): unknown {
  const { baseUrl: _, apiKeyEnv: __, concurrency: ___, prices: ____, recompute: _____, ...identity } = policy;
  if (identity.fanOuts !== undefined) identity.fanOuts = `sha256:${modules?.fanOuts?.sha256}`;
  if (identity.kind === 'pretrained' && modules?.policy)
    return { ...identity, model: `sha256:${modules.policy.sha256}` };
  const file = fileOf(identity as { readonly kind: string });
  return file ? { ...identity, [file.name]: `sha256:${modules?.policy?.sha256}` } : identity;
}

/** Who says what is relevant: not where it is found, how many questions it is asked at a time, nor for what price. */
function judgeIdentity(judge: unknown, modules: Manifest['modules']): unknown {
  if (!isObject(judge) || isModule(judge)) return withoutPath(judge, 'judge', modules);
  const { kind, model, quantized } = judge;
  const hash = modules?.judge?.sha256;
  return { kind, model: hash === undefined ? model : `sha256:${hash}`, quantized };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
