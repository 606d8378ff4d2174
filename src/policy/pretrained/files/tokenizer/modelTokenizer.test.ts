import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GgufValue } from '../gguf/format.js';
import { metadataOfTokenizer, tokenizerOfMetadata } from '../gguf/tokenizer.js';
import { byteTokenizer, pieceTokenizer } from '../testing/tinyModel.js';
import { createTokenizer } from './modelTokenizer.js';
import { nameOfPreTokenizer, PRE_TOKENIZERS } from './preTokenizers.js';
import type { TokenizerFiles } from './tokenizerFiles.js';

const FILE = 'tokenizer.json';
const make = (files: TokenizerFiles) => createTokenizer(files, FILE);
/** Through the metadata of GGUF and back. */
function throughGguf(files: TokenizerFiles): TokenizerFiles {
  const fields = metadataOfTokenizer(files, 300, FILE).map(([key, { value }]) => {
    const read = typeof value === 'object' ? (Array.from(value as ArrayLike<GgufValue>) as GgufValue) : value;
    return [key, read] as const;
  });
  return tokenizerOfMetadata(new Map(fields), FILE);
}

const text = fc.string({ unit: 'binary', maxLength: 30 });

describe.each(Object.keys(PRE_TOKENIZERS))('bytes, cut as %s', (pre) => {
  const files = byteTokenizer(pre);
  const tokenizer = make(files);

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(text, (given) => {
        // Qwen composes letters with their accents first.
        const expected = pre === 'qwen2' ? given.normalize('NFC') : given;
        expect(tokenizer.decode(tokenizer.encode(given))).toBe(expected);
      }),
    );
  });

  it('stays the same through GGUF', () => {
    const through = throughGguf(files);
    const { normalizer, pre_tokenizer, decoder, model } = files.json;
    expect(through.json).toMatchObject({ normalizer, pre_tokenizer, decoder, model });
    const again = make(through);
    fc.assert(
      fc.property(text, (given) => {
        expect(again.encode(given)).toEqual(tokenizer.encode(given));
      }),
    );
    expect(again.endIds.toSorted()).toEqual(tokenizer.endIds.toSorted());
  });

  it('is recognised', () => expect(nameOfPreTokenizer(files.json.pre_tokenizer)).toBe(pre));
});

describe.each([true, false])('pieces, a space in front: %s', (prefix) => {
  const files = pieceTokenizer(prefix);
  const tokenizer = make(files);
  const letters = fc.string({
    unit: fc.constantFrom('t', 'h', 'e', 'a', ' ', 'é', '日', '😀'),
    maxLength: 20,
  });

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(letters, (given) => {
        expect(tokenizer.decode(tokenizer.encode(given))).toBe(given);
      }),
    );
  });

  it('stays the same through GGUF', () => {
    const again = make(throughGguf(files));
    fc.assert(
      fc.property(letters, (given) => {
        expect(again.encode(given)).toEqual(tokenizer.encode(given));
      }),
    );
  });
});

it('merges by rank', () => {
  const { encode } = make(byteTokenizer());
  expect([...encode('the the')]).toHaveLength(3);
  const ids = byteTokenizer().json.model.vocab;
  expect([...encode(' the')]).toEqual([ids.Ġthe]);
  expect([...make(pieceTokenizer(true)).encode('the')]).toEqual([
    pieceTokenizer(true).json.model.vocab['▁the'],
  ]);
});

it("finds users' tokens of spaces before it merges, as llama.cpp does", () => {
  const files = pieceTokenizer(false);
  const ids = files.json.model.vocab;
  const fields = new Map(metadataOfTokenizer(files, 300, FILE).map(([key, { value }]) => [key, value]));
  const list = <T>(key: string) => Array.from(fields.get(`tokenizer.ggml.${key}`) as ArrayLike<T>);
  const [tokens, types, scores] = [
    list<string>('tokens'),
    list<number>('token_type'),
    list<number>('scores'),
  ];
  const two = ids['▁▁'] as number;
  tokens[two] = '  ';
  types[two] = 4;
  const metadata = new Map<string, GgufValue>([
    ['tokenizer.ggml.model', 'llama'],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.token_type', types],
    ['tokenizer.ggml.scores', scores],
    ['tokenizer.ggml.add_space_prefix', false],
  ]);
  const read = tokenizerOfMetadata(metadata, FILE);
  expect([...make(read).encode('  the')]).toEqual([two, ids.t, ids.he]);
  expect(make(read).decode([two, ids.t as number])).toBe('  t');
  // Merging alone would begin with the better pair.
  expect([...make(files).encode('  the')]).toEqual([ids['▁'], ids['▁the']]);
  expect(make(throughGguf(read)).encode('  the')).toEqual(make(read).encode('  the'));
});

it('takes every number of Unicode for a digit', () => {
  // Rust's is_numeric, which the original asks: a Roman numeral stands alone, so the space before it does too.
  const { encode } = make(byteTokenizer('smollm'));
  const space = byteTokenizer().json.model.vocab.Ġ;
  expect([...encode('a Ⅷ')][1]).toBe(space);
  expect([...encode('a ٣')][1]).toBe(space);
});

describe('chat', () => {
  const messages = [
    { role: 'system', content: 'Write.' },
    { role: 'user', content: 'tea' },
  ] as const;
  const idsOf = (files: TokenizerFiles) =>
    new Map(files.json.added_tokens.map(({ content, id }) => [content, id]));

  it("follows the model's template, its marks as tokens", () => {
    const files = byteTokenizer();
    const tokenizer = make(files);
    const ids = tokenizer.chat(messages);
    const [start, end] = ['<|im_start|>', '<|im_end|>'].map((token) => idsOf(files).get(token));
    expect([...ids].filter((id) => id === start)).toHaveLength(3);
    expect([...ids].filter((id) => id === end)).toHaveLength(2);
    expect(tokenizer.decode(ids)).toBe('system\nWrite.\nuser\ntea\nassistant\n');
    expect([...tokenizer.endIds].sort()).toEqual([idsOf(files).get('<|endoftext|>'), end]);
  });

  it('without a template gives the texts, after the token that begins one', () => {
    const files = pieceTokenizer(false);
    const tokenizer = make(files);
    expect([...tokenizer.chat(messages)]).toEqual([1, ...tokenizer.encode('Write.\n\ntea\n')]);
    const none = { ...files, config: { ...files.config, add_bos_token: false } };
    expect([...make(none).chat(messages)]).toEqual([...tokenizer.encode('Write.\n\ntea\n')]);
  });

  it('does not let the model think aloud where it can be told so', () => {
    const files = byteTokenizer();
    const template = '{% if enable_thinking is defined and not enable_thinking %}quick{% endif %}';
    const tokenizer = make({ ...files, config: { ...files.config, chat_template: template } });
    expect(tokenizer.decode(tokenizer.chat(messages))).toBe('quick');
  });

  it('says what a template refuses', () => {
    const files = byteTokenizer();
    const chat_template = "{{ raise_exception('System role not supported') }}";
    expect(() => make({ ...files, config: { chat_template } }).chat(messages)).toThrow(
      'tokenizer.json: has a chat template that refuses these messages (System role not supported)',
    );
  });
});

it('gives rows without a token an unused one, and refuses more tokens than rows', () => {
  const fields = new Map(metadataOfTokenizer(byteTokenizer(), 300, FILE));
  const tokens = fields.get('tokenizer.ggml.tokens')?.value as string[];
  expect(tokens).toHaveLength(300);
  expect(tokens[299]).toBe('[PAD299]');
  expect(() => metadataOfTokenizer(byteTokenizer(), 200, FILE)).toThrow(
    "has 262 tokens, but the model's table only 200 rows",
  );
});

it.each([byteTokenizer(), pieceTokenizer(false)])('decodes what is no token to nothing (%#)', (files) => {
  const { encode, decode } = make(files);
  expect(decode([])).toBe('');
  expect(decode([299, ...encode('the'), 299])).toBe('the');
});
