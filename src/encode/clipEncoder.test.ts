/** The way to a vector, with towers of tiny random weights: no CLIP that means anything can be had in a test. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { row } from '../matrix.js';
import type { Progress } from '../progress.js';
import { ClipEncoder } from './clipEncoder.js';
import { writeTinyClip, writeTinyModel } from './testing/tinyModels.js';

const temp = tempFolder();
const svg = (colour: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20" fill="${colour}"/></svg>`;
const data = (colour: string) => `data:image/svg+xml,${encodeURIComponent(svg(colour))}`;
let model = '';
beforeAll(() => {
  model = writeTinyClip(temp.path('clip'));
  mkdirSync(temp.path('pictures'));
  writeFileSync(temp.path('pictures', 'red.svg'), svg('red'));
});

const load = (items: 'text' | 'image' | 'both') =>
  ClipEncoder.load({ model, items, imageFolders: [temp.path('nowhere'), temp.path('pictures')] });
const one = async (encoder: ClipEncoder, text: string, image?: string) =>
  row(await encoder.encodeItems([{ text, image }]), 0);

it('encodes pictures by what they show, wherever they lie', async () => {
  const encoder = await load('image');
  const [red, blue] = [await one(encoder, 'a', data('red')), await one(encoder, 'a', data('blue'))];
  expect(blue).not.toEqual(red);
  expect(await one(encoder, 'another text', 'red.svg')).toEqual(red);
  expect(Math.hypot(...red)).toBeCloseTo(1, 6);
});

it('adds the unit vectors of text and picture, or takes the text alone', async () => {
  const [texts, images, both] = [await load('text'), await load('image'), await load('both')];
  const text = await one(texts, 'tent', data('red'));
  expect(text).toEqual(row(await both.encode(['tent']), 0));
  const image = await one(images, 'tent', data('red'));
  const sum = text.map((x, j) => x + image[j]);
  const norm = Math.hypot(...sum);
  (await one(both, 'tent', data('red'))).forEach((x, j) => {
    expect(x).toBeCloseTo(sum[j] / norm, 6);
  });
  expect(new Set([texts.id, images.id, both.id]).size).toBe(3);
});

it('lets texts stand for pictures that cannot be read, and says so', async () => {
  const encoder = await load('image');
  const heard: Progress[] = [];
  const vectors = await encoder.encodeItems(
    [
      { text: 'tent', image: data('red') },
      { text: 'lamp' },
      { text: 'boot', image: 'gone.png' },
      { text: 'rope', image: 'data:image/png;base64,AAAA' },
    ],
    { onProgress: (progress) => heard.push(progress) },
  );
  const texts = await encoder.encode(['lamp', 'boot', 'rope']);
  for (const i of [0, 1, 2]) expect(row(vectors, i + 1)).toEqual(row(texts, i));
  expect(row(vectors, 0)).toEqual(await one(encoder, 'tent', data('red')));
  expect(heard.at(-1)?.warning).toBe(
    '3 of 4 items have no picture that can be read, so their texts stand for them; the first: "lamp" has no picture',
  );
});

it('takes SigLIP models too, which pad texts to their full length', async () => {
  const clip = await load('both');
  const siglip = await ClipEncoder.load({ model: writeTinyClip(temp.path('siglip'), 'siglip') });
  const items = [{ text: 'tent', image: data('red') }, { text: 'a lamp' }];
  // The padding of the tiny model is zero.
  const expected = await clip.encodeItems(items);
  (await siglip.encodeItems(items)).data.forEach((x, i) => {
    expect(x).toBeCloseTo(expected.data[i], 6);
  });
});

it('reads no files where it is given no folders', async () => {
  const encoder = await ClipEncoder.load({ model, items: 'image' });
  expect(await one(encoder, 'lamp', temp.path('pictures', 'red.svg'))).toEqual(
    row(await encoder.encode(['lamp']), 0),
  );
});

it('refuses models of another kind', async () => {
  const other = writeTinyModel(temp.path('bert'));
  await expect(ClipEncoder.load({ model: other, items: 'text' })).rejects.toThrow('the model lacks onnx');
  writeTinyClip(temp.path('disguised'));
  writeFileSync(temp.path('disguised', 'config.json'), '{"model_type":"bert"}');
  await expect(ClipEncoder.load({ model: temp.path('disguised') })).rejects.toThrow(
    'is of the kind "bert"; expected clip or siglip',
  );
});
