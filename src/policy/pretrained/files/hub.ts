/** Models of the Hugging Face hub, downloaded once into its usual cache. */
import { dirname } from 'node:path';
import { InputError } from '../../../errors.js';
import type { RunControl } from '../../../progress.js';

/** Progress counts bytes, reported as each file is there. */
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
  /^(config|generation_config|tokenizer|tokenizer_config)\.json$|^chat_template\.jinja$|^model.*\.safetensors(\.index\.json)?$/;

/**
 * @param name - "owner/name" for its folder, "owner/name/file.gguf" for one file
 * @returns the path of the folder or file in the cache
 * @throws InputError if the package is missing, or the hub does not give the files
 */
export async function download(name: string, options: HubOptions = {}): Promise<string> {
  const { revision, signal, onProgress, hubUrl = process.env.HF_ENDPOINT, cacheDir } = options;
  const hub = await import('@huggingface/hub').catch((cause: unknown) => {
    throw new InputError(
      `"${name}" is no file or folder here, and to fetch it from the hub needs the package ${PACKAGE}; npm install ${PACKAGE}, or give a path (./...)`,
      {},
      { cause },
    );
  });
  const [owner, repository, ...rest] = name.split('/');
  const path = rest.join('/');
  const call = options.fetch ?? fetch;
  const shared = {
    repo: `${owner}/${repository}`,
    ...(revision !== undefined && { revision }),
    ...(hubUrl !== undefined && { hubUrl }),
    ...(process.env.HF_TOKEN && { accessToken: process.env.HF_TOKEN }),
    fetch: ((input, init) => call(input, { ...init, signal: signal ?? null })) as typeof fetch,
  };
  try {
    const files: { path: string; size: number }[] = [];
    for await (const file of hub.listFiles({ ...shared, recursive: path !== '' }))
      if (file.type === 'file' && (path === '' ? WANTED.test(file.path) : file.path === path))
        files.push(file);
    if (path === '' && !files.some((file) => file.path.endsWith('.safetensors')))
      throw new InputError(
        `the repository ${name} of the hub has no safetensors; for GGUF give "${name}/<file>.gguf"`,
      );
    if (files.length === 0)
      throw new InputError(`the repository ${shared.repo} of the hub has no file ${path}`);
    const total = files.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    let last = '';
    for (const file of files) {
      signal?.throwIfAborted();
      last = await hub.downloadFileToCacheDir({ ...shared, ...(cacheDir && { cacheDir }), path: file.path });
      done += file.size;
      onProgress?.({ stage: 'download', done, total });
    }
    return path === '' ? dirname(last) : last;
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
