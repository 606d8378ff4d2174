import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { inlinePictures } from './pictures.js';

const temp = tempFolder();
const svg = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="4"/></svg>';
const inlined = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
const pictures = async (...images: string[]) => {
  const items = images.map((image, i) => ({ id: `${i}`, title: 'x', image, direction: 0 }));
  return Object.fromEntries(await inlinePictures([{ query: 'q', sets: { plain: { items, metrics: {} } } }]));
};

it('inlines small local SVG files and small data images', async () => {
  const file = temp.write('a.svg', svg);
  const url = pathToFileURL(file).href;
  const data = 'data:image/png;base64,iVBORw0KGgo=';
  expect(await pictures(file, url, data)).toEqual({ [file]: inlined, [url]: inlined, [data]: data });
});

it('leaves out what is large, missing, no picture or needs a network', async () => {
  const large = temp.write('large.svg', svg.padEnd(20_000));
  const text = temp.write('notes.txt', 'secret');
  const images = [
    large,
    text,
    temp.path('missing.svg'),
    temp.path(),
    'https://example.com/a.svg',
    'data:text/html,<script>alert(1)</script>',
    `data:image/png;base64,${'A'.repeat(20_000)}`,
    'javascript:alert(1)//.svg',
  ];
  expect(await pictures(...images)).toEqual({});
});
