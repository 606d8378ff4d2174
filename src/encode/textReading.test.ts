import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { loadBuiltIn } from './builtIn.js';
import type { Encoder, EncoderParts } from './encoder.js';
import { PrefixedEncoder } from './prefixed.js';
import { writeTinyModel } from './testing/tinyModels.js';
import { readability } from './textReading.js';
import { TransformersEncoder } from './transformersEncoder.js';

const temp = tempFolder();

describe('the encoders on board', () => {
  let encoder: Encoder | EncoderParts;
  beforeAll(async () => {
    encoder = await loadBuiltIn('use-lite+glove');
  });

  it.each([
    ['红色双人帐篷', 'Chinese'],
    ['ゴム長靴', 'Japanese'],
    ['빨간 재킷', 'Korean'],
    ['красная куртка для зимы', 'Russian'],
    ['سترة حمراء', 'Arabic'],
    ['เสื้อแจ็คเก็ตสีแดง', 'Thai'],
    ['κόκκινο μπουφάν', 'Greek'],
    ['🎸🎹', 'none'],
  ])('cannot read %s (%s)', (text) => {
    expect(readability(encoder, [text])).toMatchObject({ texts: 1, unknown: 1, example: text, known: 0 });
  });

  it.each(['red jacket', 'KALLAX shelf', 'Café chair 60"', 'T-shirt, 100 % cotton'])(
    'can read %s',
    (text) => {
      expect(readability(encoder, [text])).toMatchObject({ unknown: 0, cut: 0 });
    },
  );

  it('tell English words from those of other languages in the same letters', () => {
    const known = (...texts: string[]) => readability(encoder, texts)?.known;
    expect(known('Two-person tent', 'Waterproof hiking boots', 'Solid oak table')).toBe(1);
    expect(known('Wasserdichte Wanderschuhe', 'Holztisch aus Eiche', 'Grüner Hut')).toBeLessThan(0.5);
  });

  it('count the texts that are cut', () => {
    const long = 'a very long text of many words '.repeat(20);
    expect(readability(encoder, [long, 'short', long])).toMatchObject({ texts: 3, cut: 2 });
  });
});

it('reads through transformers.js: its unknown tokens and its greatest length, with a prefix', async () => {
  const model = await TransformersEncoder.load({ model: writeTinyModel(temp.path('tiny')) });
  // The vocabulary is a to z, and 16 tokens are taken, two of them at the ends.
  expect(model.reads('tent')).toEqual({ known: 1, isCut: false });
  expect(model.reads('帐 篷')).toEqual({ known: 0, isCut: false });
  expect(model.reads('abcdefghijklmn')).toEqual({ known: 1, isCut: false });
  expect(model.reads('abcdefghijklmno')).toEqual({ known: 1, isCut: true });
  const prefixed = new PrefixedEncoder(model, { item: 'ab' });
  expect(prefixed.reads?.('cdefghijklmno')).toEqual({ known: 1, isCut: true });
});

it('says nothing of encoders that cannot tell', () => {
  const silent = { id: 'x', dim: 1, encode: async () => ({ rows: 0, cols: 1, data: new Float32Array() }) };
  expect(readability(silent, ['a'])).toBeUndefined();
});
