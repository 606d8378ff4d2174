/** A tokenizer from and to the metadata of GGUF, as `tokenizer.json` and `tokenizer_config.json` would say it. */
import { InputError } from '../../../../errors.js';
import { nameOfPreTokenizer, PRE_TOKENIZERS } from '../tokenizer/preTokenizers.js';
import {
  type AddedToken,
  addsBeginning,
  chatTemplate,
  type NamedToken,
  namedToken,
  type Step,
  stepsOf,
  type TokenizerFiles,
  type TokenizerModel,
} from '../tokenizer/tokenizerFiles.js';
import type { Metadata } from './format.js';
import type { Field } from './writeHeader.js';

/** `tokenizer.ggml.token_type`. */
const TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** SentencePiece's sign for a space. */
const SPACE = '▁';

/** Other names of pre-tokenizers that cut the same way. */
const SAME: Readonly<Record<string, string>> = {
  llama3: 'llama-bpe',
  'llama-v3': 'llama-bpe',
  'deepseek-r1-qwen': 'qwen2',
};

const NAMED: Readonly<Record<NamedToken, string>> = {
  bos_token: 'tokenizer.ggml.bos_token_id',
  eos_token: 'tokenizer.ggml.eos_token_id',
  unk_token: 'tokenizer.ggml.unknown_token_id',
  pad_token: 'tokenizer.ggml.padding_token_id',
};

/**
 * The tokenizer that a GGUF file describes.
 *
 * @param file - named in errors
 * @throws InputError if it is of a kind that is not read, or incomplete
 */
export function tokenizerOfMetadata(metadata: Metadata, file: string): TokenizerFiles {
  const kind = metadata.get('tokenizer.ggml.model');
  if (kind !== 'gpt2' && kind !== 'llama')
    throw new InputError(`has a tokenizer of kind "${kind}"; gpt2 and llama are read`, { file });
  const given = array<string>(metadata, 'tokenizer.ggml.tokens', 'string', file);
  const types = metadata.has('tokenizer.ggml.token_type')
    ? array<number>(metadata, 'tokenizer.ggml.token_type', 'number', file)
    : given.map(() => TYPES.normal);
  // Users' tokens of spaces are written with spaces in GGUF, with SentencePiece's sign in tokenizer.json.
  const tokens = given.map((token, id) =>
    kind === 'llama' && types[id] === TYPES.userDefined ? token.replaceAll(' ', SPACE) : token,
  );
  const parts = { tokens, types, metadata, file };
  const pieces = kind === 'gpt2' ? bytePieces(parts) : sentencePieces(parts);

  const config: Record<string, unknown> = { clean_up_tokenization_spaces: false };
  for (const [name, key] of Object.entries(NAMED)) {
    const id = metadata.get(key);
    if (typeof id === 'number' && tokens[id] !== undefined) config[name] = tokens[id];
  }
  config.add_bos_token = metadata.get('tokenizer.ggml.add_bos_token') ?? kind === 'llama';
  const template = metadata.get('tokenizer.chat_template');
  if (typeof template === 'string') config.chat_template = template;
  const beginning =
    config.add_bos_token && typeof config.bos_token === 'string' ? config.bos_token : undefined;
  return {
    json: {
      version: '1.0',
      added_tokens: addedTokens(tokens, types),
      post_processor: beginning === undefined ? null : beginningFirst(beginning, tokens.indexOf(beginning)),
      ...pieces,
    },
    config,
  };
}

interface Parts {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  readonly metadata: Metadata;
  readonly file: string;
}

type Pieces = Pick<TokenizerFiles['json'], 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'>;

function bytePieces({ tokens, types, metadata, file }: Parts): Pieces {
  const name = String(metadata.get('tokenizer.ggml.pre') ?? 'default');
  const pre = PRE_TOKENIZERS[SAME[name] ?? name];
  if (!pre) {
    const read = Object.keys(PRE_TOKENIZERS).join(', ');
    throw new InputError(`cuts texts by pre-tokenizer "${name}"; those that are read: ${read}`, { file });
  }
  return {
    normalizer: pre.normalizer,
    pre_tokenizer: pre.step,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      unk_token: null,
      byte_fallback: false,
      ignore_merges: pre.ignoreMerges,
      vocab: vocabulary(tokens, types),
      merges: array<string>(metadata, 'tokenizer.ggml.merges', 'string', file),
    },
  };
}

function sentencePieces({ tokens, types, metadata, file }: Parts): Pieces {
  const scores = array<number>(metadata, 'tokenizer.ggml.scores', 'number', file);
  const prefix = metadata.get('tokenizer.ggml.add_space_prefix') ?? true;
  const spaces: Step = { type: 'Replace', pattern: { String: ' ' }, content: SPACE };
  const back = [
    { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  const unknown = tokens[types.indexOf(TYPES.unknown)] ?? null;
  const vocab = vocabulary(tokens, types);
  return {
    normalizer: prefix
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: SPACE }, spaces] }
      : spaces,
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: prefix ? [...back, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : back,
    },
    model: {
      type: 'BPE',
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab,
      merges: mergesOfScores(vocab, types, scores),
    },
  };
}

const vocabulary = (tokens: readonly string[], types: readonly number[]): Record<string, number> =>
  Object.fromEntries(
    tokens.map((token, id) => [token, id] as const).filter(([, id]) => types[id] !== TYPES.unused),
  );

const addedTokens = (tokens: readonly string[], types: readonly number[]): AddedToken[] =>
  tokens.flatMap((content, id) => {
    const type = types[id];
    const special = type === TYPES.control || type === TYPES.unknown;
    if (!special && type !== TYPES.userDefined) return [];
    // What holds the sign for a space is looked for when spaces have become it.
    const normalized = !special && content.includes(SPACE);
    return [{ id, content, special, normalized, lstrip: false, rstrip: false, single_word: false }];
  });

/**
 * SentencePiece merges the two neighbours that make the token of the highest score; so the merges are all ways to cut each token
 * into two, best scores first (`SentencePieceExtractor` of transformers does the same).
 */
function mergesOfScores(
  vocab: Readonly<Record<string, number>>,
  types: readonly number[],
  scores: readonly number[],
): [string, string][] {
  const ids = new Map(Object.entries(vocab));
  const isPiece = (id: number | undefined) =>
    id !== undefined && (types[id] === TYPES.normal || types[id] === TYPES.userDefined);
  const merges: { readonly pair: [string, string]; readonly score: number }[] = [];
  for (const [token, id] of ids) {
    if (!isPiece(id)) continue;
    for (let cut = 1; cut < token.length; cut++) {
      const pair: [string, string] = [token.slice(0, cut), token.slice(cut)];
      if (isPiece(ids.get(pair[0])) && isPiece(ids.get(pair[1])))
        merges.push({ pair, score: scores[id] ?? Number.NEGATIVE_INFINITY });
    }
  }
  return merges.sort((a, b) => b.score - a.score).map(({ pair }) => pair);
}

function beginningFirst(token: string, id: number): Step {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  const text = (name: string, type: number) => ({ Sequence: { id: name, type_id: type } });
  return {
    type: 'TemplateProcessing',
    single: [special, text('A', 0)],
    pair: [special, text('A', 0), text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

function array<T extends string | number>(
  metadata: Metadata,
  key: string,
  type: 'string' | 'number',
  file: string,
): readonly T[] {
  const values = metadata.get(key);
  if (Array.isArray(values) && values.length > 0 && values.every((value) => typeof value === type))
    return values as readonly T[];
  throw new InputError(`lacks the metadata "${key}", a list of ${type}s; its tokenizer cannot be made`, {
    file,
  });
}

/**
 * The metadata of a tokenizer.
 *
 * @param size - rows of the embedding table; those without a token get an unused one
 * @param file - named in errors
 * @throws InputError if it is of a kind that llama.cpp would not read the same way
 */
export function metadataOfTokenizer(files: TokenizerFiles, size: number, file: string): [string, Field][] {
  const { json, config } = files;
  const { model } = json;
  if (model.type !== 'BPE')
    throw new InputError(`has a tokenizer of kind ${model.type}; GGUF is written for BPE`, { file });
  const sentence = model.byte_fallback === true;
  const pre = sentence ? 'default' : nameOfPreTokenizer(json.pre_tokenizer);
  if (pre === undefined) {
    const known = Object.keys(PRE_TOKENIZERS).join(', ');
    throw new InputError(`cuts texts otherwise than ${known}; GGUF is written for these`, { file });
  }
  const { tokens, types } = tokenList(files, size, sentence);
  if (tokens.length > size)
    throw new InputError(`has ${tokens.length} tokens, but the model's table only ${size} rows`, { file });

  const fields: [string, Field][] = [
    ['tokenizer.ggml.model', { type: 'string', value: sentence ? 'llama' : 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: pre }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'i32s', value: types }],
    sentence
      ? ['tokenizer.ggml.scores', { type: 'f32s', value: scoresOfMerges(model, tokens.length) }]
      : [
          'tokenizer.ggml.merges',
          { type: 'strings', value: model.merges.map((merge) => pairOf(merge).join(' ')) },
        ],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: addsBeginning(files) }],
    ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: sentence && prefixesSpace(files) }],
  ];
  for (const [name, key] of Object.entries(NAMED)) {
    const token = namedToken(config, name as NamedToken);
    const id = token === undefined ? -1 : tokens.indexOf(token);
    if (id >= 0) fields.push([key, { type: 'u32', value: id }]);
  }
  const template = chatTemplate(config);
  if (template !== undefined) fields.push(['tokenizer.chat_template', { type: 'string', value: template }]);
  return fields;
}

function tokenList({ json }: TokenizerFiles, size: number, sentence: boolean) {
  const tokens: string[] = [];
  const types: number[] = [];
  for (const [token, id] of Object.entries(json.model.vocab)) {
    tokens[id] = token;
    types[id] = sentence && /^<0x[0-9A-F]{2}>$/.test(token) ? TYPES.byte : TYPES.normal;
  }
  for (const { id, content, special } of json.added_tokens) {
    tokens[id] = special || !sentence ? content : content.replaceAll(SPACE, ' ');
    types[id] = special ? TYPES.control : TYPES.userDefined;
    if (sentence && content === json.model.unk_token) types[id] = TYPES.unknown;
  }
  for (let id = 0; id < Math.max(size, tokens.length); id++) {
    tokens[id] ??= `[PAD${id}]`;
    types[id] ??= TYPES.unused;
  }
  return { tokens, types };
}

const pairOf = (merge: string | readonly [string, string]): readonly [string, string] =>
  typeof merge === 'string' ? (merge.split(' ', 2) as [string, string]) : merge;

/** The rank of the first merge that makes a token, negated: higher is earlier. Only the order counts. */
function scoresOfMerges(model: TokenizerModel, length: number): Float32Array {
  const scores = new Float32Array(length).fill(-model.merges.length);
  for (let rank = model.merges.length - 1; rank >= 0; rank--) {
    const id = model.vocab[pairOf(model.merges[rank] as string).join('')];
    if (id !== undefined) scores[id] = -rank;
  }
  return scores;
}

const prefixesSpace = ({ json }: TokenizerFiles): boolean =>
  stepsOf(json.normalizer).some(({ type }) => type === 'Prepend') ||
  stepsOf(json.pre_tokenizer).some((step) => step.type === 'Metaspace' && step.prepend_scheme !== 'never');
