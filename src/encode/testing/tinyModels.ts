/** Models of tiny random weights, in the folders that transformers.js reads; they test the way to a vector, not its meaning. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graph, type Value } from '../../engine/graph.js';
import { encodeOnnx } from '../../engine/onnx.js';
import * as ops from '../../engine/ops.js';
import { CounterRandom } from '../../random.js';

export const TINY_DIM = 8;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.split('');
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
const PIECES = [...SPECIAL, ...LETTERS, ...LETTERS.map((letter) => `##${letter}`)];
const PICTURE = 8;

/** A text model whose vector of a token is a row of a table. */
export function writeTinyModel(folder: string, seed = 1): string {
  writeTokenizer(folder, { model_type: 'bert', vocab_size: PIECES.length, hidden_size: TINY_DIM });
  const graph = new Graph();
  const hidden = tokens(graph, seed);
  writeOnnx(folder, 'model', graph, { last_hidden_state: hidden });
  return folder;
}

/** The vectors of a text's tokens in the tiny model: [tokens, TINY_DIM], with those of [CLS] and [SEP]. */
export function tinyTokens(text: string, seed = 1): Float32Array[] {
  const rows = table(seed);
  const pieces = text.split(' ').flatMap((word) => word.split('').map((c, i) => (i === 0 ? c : `##${c}`)));
  return ['[CLS]', ...pieces, '[SEP]'].map((piece) => {
    const id = PIECES.indexOf(piece);
    return rows.subarray(id * TINY_DIM, (id + 1) * TINY_DIM);
  });
}

/** A model of sequence classification, whose logits depend on which text of a pair a letter is in. */
export function writeTinyClassifier(folder: string, { seed = 1, labels = 1 } = {}): string {
  writeTokenizer(folder, { model_type: 'bert', vocab_size: PIECES.length, hidden_size: TINY_DIM }, 64);
  const graph = new Graph();
  const types = graph.input('token_type_ids', ['batch', 'length'], 'int64');
  const shift = ops.gather(graph.constant(typeTable(seed), [2, TINY_DIM]), types);
  // Padding has the type 0, whose vector is zero, as its own is.
  const pooled = ops.tanh(ops.sum(ops.add(tokens(graph, seed), shift), [1]));
  const head = graph.constant(headOf(seed, labels), [TINY_DIM, labels]);
  writeOnnx(folder, 'model', graph, { logits: ops.matmul(pooled, head) });
  return folder;
}

/** The first logit of the tiny classifier for a pair, worked out by hand. */
export function tinyLogit(query: string, text: string, seed = 1): number {
  const first = tinyTokens(query, seed);
  // The second text has no [CLS] of its own.
  const second = tinyTokens(text, seed).slice(1);
  const shift = typeTable(seed).subarray(TINY_DIM);
  const head = headOf(seed, 1);
  let logit = 0;
  for (let j = 0; j < TINY_DIM; j++) {
    const sum = [...first, ...second].reduce((total, vector) => total + vector[j], second.length * shift[j]);
    logit += Math.tanh(sum) * head[j];
  }
  return logit;
}

/** What is added to tokens of the first and of the second text. */
function typeTable(seed: number): Float32Array {
  const rows = new Float32Array(2 * TINY_DIM);
  new CounterRandom(seed, 'types').fillNormal(rows);
  return rows.fill(0, 0, TINY_DIM);
}

function headOf(seed: number, labels: number): Float32Array {
  const weights = new Float32Array(TINY_DIM * labels);
  new CounterRandom(seed, 'head', labels).fillNormal(weights);
  return weights;
}

/** What CLIP and SigLIP differ in. */
const FAMILIES = {
  clip: { processor: 'CLIPImageProcessor', text: 'text_embeds', vision: 'image_embeds' },
  siglip: { processor: 'SiglipImageProcessor', text: 'pooler_output', vision: 'pooler_output' },
};

/** A CLIP or SigLIP model: a text's vector is the sum of its tokens', a picture's depends on its mean colour. */
export function writeTinyClip(folder: string, family: keyof typeof FAMILIES = 'clip'): string {
  const seed = 1;
  const names = FAMILIES[family];
  writeTokenizer(folder, { model_type: family });
  writeJson(folder, 'preprocessor_config.json', {
    image_processor_type: names.processor,
    crop_size: { height: PICTURE, width: PICTURE },
    size: { shortest_edge: PICTURE },
    do_center_crop: true,
    do_normalize: true,
    do_resize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    resample: 3,
  });
  const text = new Graph();
  writeOnnx(folder, 'text_model', text, { [names.text]: ops.sum(tokens(text, seed), [1]) });
  const vision = new Graph();
  const pixels = vision.input('pixel_values', ['batch', 3, PICTURE, PICTURE]);
  const weights = new Float32Array(3 * TINY_DIM);
  new CounterRandom(seed, 'vision').fillNormal(weights);
  const colours = ops.mean(pixels, [2, 3]);
  writeOnnx(folder, 'vision_model', vision, {
    [names.vision]: ops.matmul(colours, vision.constant(weights, [3, TINY_DIM])),
  });
  return folder;
}

function tokens(graph: Graph, seed: number): Value {
  const ids = graph.input('input_ids', ['batch', 'length'], 'int64');
  return ops.gather(graph.constant(table(seed), [PIECES.length, TINY_DIM]), ids);
}

/** Vectors of the pieces; that of padding is zero, as if it were masked. */
function table(seed: number): Float32Array {
  const rows = new Float32Array(PIECES.length * TINY_DIM);
  new CounterRandom(seed, 'text').fillNormal(rows);
  return rows.fill(0, 0, TINY_DIM);
}

function writeOnnx(folder: string, name: string, graph: Graph, outputs: Record<string, Value>): void {
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'onnx', `${name}.onnx`), encodeOnnx(graph, { outputs }));
}

function writeTokenizer(folder: string, config: object, longest = 16): void {
  const special = SPECIAL.map((content, id) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  }));
  const [cls, sep] = ['[CLS]', '[SEP]'].map((id) => ({ SpecialToken: { id, type_id: 0 } }));
  writeJson(folder, 'config.json', config);
  writeJson(folder, 'tokenizer_config.json', {
    tokenizer_class: 'BertTokenizer',
    model_max_length: longest,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
  });
  writeJson(folder, 'tokenizer.json', {
    version: '1.0',
    added_tokens: special,
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [cls, { Sequence: { id: 'A', type_id: 0 } }, sep],
      pair: [
        cls,
        { Sequence: { id: 'A', type_id: 0 } },
        sep,
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [PIECES.indexOf(id)], tokens: [id] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(PIECES.map((piece, id) => [piece, id])),
    },
  });
}

function writeJson(folder: string, name: string, value: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify(value));
}
