import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { InputError } from '../../../../errors.js';
import type { ModelTokenizer } from '../../settings.js';
import {
  addsBeginning,
  chatTemplate,
  namedToken,
  type Step,
  stepsOf,
  type TokenizerFiles,
  type TokenizerJson,
} from './tokenizerFiles.js';

/** Special tokens that end an answer or a text in the models that are read. */
const ENDS = [
  '<|im_end|>',
  '<|endoftext|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end_of_text|>',
  '<end_of_turn>',
  '<eos>',
  '</s>',
];

/**
 * The tokenizer of a model. `encode` adds no special tokens; `chat` writes those of the template. A model without a template (a base
 * model) gets the messages' texts, a blank line between them, after the token that begins a text where it has one. `decode` leaves
 * out special tokens and rows of the table that have no token. Templates that know thinking (Qwen3) are told not to.
 *
 * @param file - named in errors
 * @param endIds - tokens that end an answer, besides those that the files name
 * @throws InputError if the files are not valid
 */
export function createTokenizer(
  files: TokenizerFiles,
  file: string,
  endIds: readonly number[] = [],
): ModelTokenizer {
  const { json, config } = files;
  const tokenizer = attempt(
    () => new Tokenizer(withAllDigits(json), config),
    'is not a valid tokenizer',
    file,
  );
  const source = chatTemplate(config);
  const template =
    source === undefined
      ? undefined
      : attempt(() => new Template(source), 'has a chat template that cannot be read', file);
  const special = new Set(json.added_tokens.filter((token) => token.special).map((token) => token.id));
  const idOf = (text: string | undefined) => (text === undefined ? undefined : tokenizer.token_to_id(text));
  const ends = new Set(endIds);
  for (const id of [
    idOf(namedToken(config, 'eos_token')),
    ...ENDS.map(idOf).filter((id) => id !== undefined && special.has(id)),
  ])
    if (id !== undefined) ends.add(id);

  const beginning = addsBeginning(files) ? (namedToken(config, 'bos_token') ?? '') : '';
  const encode = (text: string) => Int32Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids);
  return {
    encode,
    decode(ids) {
      const kept = Array.from(ids).filter(
        (id) => !special.has(id) && tokenizer.id_to_token(id) !== undefined,
      );
      // The library refuses to decode nothing.
      return kept.length === 0 ? '' : tokenizer.decode(kept, { clean_up_tokenization_spaces: false });
    },
    endIds: [...ends],
    chat(messages) {
      if (!template) return encode(`${beginning}${messages.map(({ content }) => content).join('\n\n')}\n`);
      const text = attempt(
        () =>
          template.render({
            messages,
            add_generation_prompt: true,
            enable_thinking: false,
            bos_token: namedToken(config, 'bos_token') ?? '',
            eos_token: namedToken(config, 'eos_token') ?? '',
          }),
        'has a chat template that refuses these messages',
        file,
      );
      return encode(text);
    },
  };
}

/** The library's step `Digits` knows those of ASCII only; the original takes every number of Unicode. */
function withAllDigits(json: TokenizerJson): TokenizerJson {
  const digits = stepsOf(json.pre_tokenizer).map((step): Step => {
    if (step.type !== 'Digits') return step;
    const pattern = { Regex: step.individual_digits ? '\\p{N}' : '\\p{N}+' };
    return { type: 'Split', pattern, behavior: 'Isolated', invert: false };
  });
  return json.pre_tokenizer === null
    ? json
    : { ...json, pre_tokenizer: { type: 'Sequence', pretokenizers: digits } };
}

function attempt<T>(make: () => T, problem: string, file: string): T {
  try {
    return make();
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    throw new InputError(`${problem} (${reason})`, { file }, { cause });
  }
}
