/** Models of the Hugging Face hub, downloaded once into its usual cache. */
import { dirname } from 'node:path';
import { InputError } from '../../../errors.js';
import type { RunControl } from '../../../progress.js';

/** Progress counts bytes and is told as each file is there. */
export interface HubOptions extends RunControl {
  /** Branch, tag or commit; main by default. */
  readonly revision?: string;
  /** Stands in for the global one, for a proxy. */
  readonly fetch?: typeof fetch;
  /** The hub's address; that of HF_ENDPOINT or the public hub by default. */
  readonly hubUrl?: string;
  /** Where files are kept; that of HF_HOME or the user's cache by default. */
  readonly cacheDir?: string;
}

const PACKAGE = '@huggingface/hub';

/** Of a repository, what a language model is read from. */
const WANTED =
  /^(config|tokenizer|tokenizer_config)\.json$|^chat_template\.jinja$|^model.*\.safetensors(\.index\.json)?$/;

/**
 * Fetches what is not in the cache yet. A private model needs a token in HF_TOKEN.
 *
 * @param name - "owner/name" for its folder, "owner/name/file.gguf" for one file
 * @returns the path of the folder or file in the cache
 * @throws InputError if the package is missing, or the hub does not give the files
 */
export async function download(name: string, options: HubOptions = {}): Promise<string> {
  const { signal } = options;
  const hub = await import('@huggingface/hub').catch((cause: unknown) => {
    const advice = `npm install ${PACKAGE}, or give a path (./...)`;
    throw new InputError(
      `"${name}" is no file or folder here, and a model of the hub needs the package ${PACKAGE}; ${advice}`,
      {},
      { cause },
    );
  });
  try {
    return await downloadWith(hub, name, options);
  } catch (cause) {
    if (cause instanceof InputError || signal?.aborted) throw cause;
    const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    throw new InputError(
      `the model "${name}" cannot be fetched from the hub (${reason}); check its name and the network, or give a path (./...)`,
      {},
      { cause },
    );
  }
}

type Hub = typeof import('@huggingface/hub');

async function downloadWith(hub: Hub, name: string, options: HubOptions): Promise<string> {
  const { signal, onProgress, cacheDir, hubUrl = process.env.HF_ENDPOINT } = options;
  const [owner, repository, ...rest] = name.split('/');
  const repo = `${owner}/${repository}`;
  const path = rest.join('/');
  const call = options.fetch ?? fetch;
  const shared = {
    ...(hubUrl && { hubUrl }),
    ...(process.env.HF_TOKEN && { accessToken: process.env.HF_TOKEN }),
    fetch: ((input, init) => call(input, { ...init, signal: signal ?? null })) as typeof fetch,
  };
  // All files of one commit: the cache keeps a folder for each.
  const { sha: revision } = await hub.modelInfo({
    ...shared,
    name: repo,
    revision: options.revision ?? 'main',
    additionalFields: ['sha'],
  });
  const files: { path: string; size: number }[] = [];
  for await (const file of hub.listFiles({ ...shared, repo, revision, recursive: path !== '' }))
    if (file.type === 'file' && (path === '' ? WANTED.test(file.path) : file.path === path)) files.push(file);
  if (path === '' && !files.some((file) => file.path.endsWith('.safetensors')))
    throw new InputError(
      `the repository ${repo} of the hub has no safetensors; for GGUF give "${repo}/<file>.gguf"`,
    );
  if (files.length === 0) throw new InputError(`the repository ${repo} of the hub has no file ${path}`);

  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  let place = '';
  for (const file of files) {
    signal?.throwIfAborted();
    const where = { repo, revision, path: file.path, ...(cacheDir && { cacheDir }) };
    place = await hub.downloadFileToCacheDir({ ...shared, ...where });
    done += file.size;
    onProgress?.({ stage: 'download', done, total });
  }
  return path === '' ? dirname(place) : place;
}
