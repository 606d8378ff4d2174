/** Small models of random weights with a small tokenizer, for files that tests make. */
import { CounterRandom } from '../../../../random.js';
import type { Architecture, LanguageModelSettings, WeightFile } from '../../settings.js';
import type { ExportedModel } from '../exportModel.js';
import { volume } from '../numberTypes.js';
import { expectedTensors } from '../tensors.js';
import { createTokenizer } from '../tokenizer/modelTokenizer.js';
import { PRE_TOKENIZERS } from '../tokenizer/preTokenizers.js';
import type { AddedToken, TokenizerFiles } from '../tokenizer/tokenizerFiles.js';

/** Width 32: a whole block of Q8_0. More key-value heads than one, fewer than heads. */
export function tinySettings(architecture: Architecture): LanguageModelSettings {
  const gemma = architecture === 'gemma3';
  return {
    architecture,
    vocabularySize: 300,
    width: 32,
    layers: gemma ? 7 : 2,
    heads: 4,
    keyValueHeads: 2,
    // Heads as wide as Qwen2's always are together; those of the others need not be.
    headWidth: architecture === 'qwen2' ? 8 : 16,
    feedForwardWidth: 64,
    normEpsilon: 1e-6,
    maxPositions: 128,
    tiedEmbeddings: gemma || architecture === 'llama',
    rope: { theta: 10_000, ...(gemma && { localTheta: 5000 }) },
    ...(gemma && { slidingWindow: 8, localLayers: Array.from({ length: 7 }, (_, i) => i !== 5) }),
  };
}

/** Random weights, the same in each call. */
export function tinyWeights(settings: LanguageModelSettings): WeightFile {
  const tensors = expectedTensors(settings);
  const shape = (name: string) => tensors.get(name) as readonly number[];
  return {
    settings,
    names: [...tensors.keys()],
    shape,
    read: async (name) => new CounterRandom(1, name).fillNormal(new Float32Array(volume(shape(name))), 0.2),
    close: async () => {},
  };
}

/** The 256 signs that byte-level tokenizers write bytes as (`bytes_to_unicode` of GPT-2). */
const SIGNS = (() => {
  const printed = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let other = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printed(byte) ? byte : other++));
})();

const TEMPLATE =
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

const special = (content: string, id: number): AddedToken => ({
  id,
  content,
  special: true,
  normalized: false,
  lstrip: false,
  rstrip: false,
  single_word: false,
});

/** Bytes, three merges and three special tokens. */
export function byteTokenizer(pre = 'smollm'): TokenizerFiles {
  const merges = ['h e', 'Ġ t', 'Ġt he'];
  const tokens = [...SIGNS, ...merges.map((merge) => merge.replace(' ', ''))];
  const specials = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
  const known = PRE_TOKENIZERS[pre];
  return {
    json: {
      version: '1.0',
      added_tokens: specials.map((content, i) => special(content, tokens.length + i)),
      normalizer: known?.normalizer ?? null,
      pre_tokenizer: known?.step ?? null,
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        unk_token: null,
        ignore_merges: known?.ignoreMerges ?? false,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    config: { eos_token: '<|im_end|>', pad_token: '<|endoftext|>', chat_template: TEMPLATE },
  };
}

/** SentencePiece's way: spaces as signs, bytes for what is unknown, the merges of "the" and a token of the user's. */
export function pieceTokenizer(prefix: boolean): TokenizerFiles {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const pieces = ['▁', 't', 'h', 'e', 'a', '▁t', 'he', '▁the', '▁▁'];
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...pieces];
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const decoders = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  const start = { SpecialToken: { id: '<s>', type_id: 0 } };
  return {
    json: {
      version: '1.0',
      added_tokens: ['<unk>', '<s>', '</s>'].map(special),
      normalizer: prefix
        ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, spaces] }
        : spaces,
      pre_tokenizer: null,
      post_processor: {
        type: 'TemplateProcessing',
        single: [start, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [],
        special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
      },
      decoder: {
        type: 'Sequence',
        decoders: prefix ? [...decoders, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : decoders,
      },
      model: {
        type: 'BPE',
        unk_token: '<unk>',
        fuse_unk: true,
        byte_fallback: true,
        ignore_merges: false,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: [
          ['h', 'e'],
          ['▁', 't'],
          ['▁t', 'he'],
          ['▁', '▁'],
        ],
      },
    },
    config: { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' },
  };
}

export function tinyModel(architecture: Architecture, files = byteTokenizer()): ExportedModel {
  return {
    weights: tinyWeights(tinySettings(architecture)),
    tokenizer: createTokenizer(files, 'the test'),
    tokenizerFiles: files,
  };
}
