/**
 * How texts are cut before their bytes are merged, under the names of GGUF's `tokenizer.ggml.pre`, as each model's `tokenizer.json`
 * says it.
 */
import { type Step, stepsOf } from './tokenizerFiles.js';

/** GPT-2's cut: words with the space before them, numbers, signs. */
const BYTES = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };

const split = (pattern: string): Step => ({
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
    { ...BYTES, trim_offsets: false, use_regex: false },
  ],
});

/** The cut of GPT-4 with so many digits together. */
const gpt4 = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

export interface BytePreTokenizer {
  readonly normalizer: Step | null;
  readonly step: Step;
  /** Whether a word that is a token stays one, whatever the merges. */
  readonly ignoreMerges: boolean;
}

export const PRE_TOKENIZERS: Readonly<Record<string, BytePreTokenizer>> = {
  'gpt-2': { normalizer: null, step: BYTES, ignoreMerges: false },
  smollm: {
    normalizer: null,
    step: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, BYTES] },
    ignoreMerges: false,
  },
  qwen2: { normalizer: { type: 'NFC' }, step: split(gpt4('\\p{N}')), ignoreMerges: false },
  'llama-bpe': { normalizer: null, step: split(gpt4('\\p{N}{1,3}')), ignoreMerges: true },
};

/** GGUF's name of a pre-tokenizer, or undefined where it is none of those above. */
export function nameOfPreTokenizer(step: Step | null): string | undefined {
  const found = summary(step);
  return Object.keys(PRE_TOKENIZERS).find((name) => summary(PRE_TOKENIZERS[name]?.step) === found);
}

/** What of the steps changes how a text is cut. */
function summary(step: Step | null | undefined): string {
  return stepsOf(step)
    .map(({ type, pattern, behavior, individual_digits, use_regex, add_prefix_space }) => {
      if (type === 'ByteLevel') return `${type} ${use_regex ?? true} ${add_prefix_space ?? true}`;
      return `${type} ${JSON.stringify(pattern)} ${behavior} ${individual_digits}`;
    })
    .join('; ');
}
