import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ReportedQuery } from '../results.js';

/** A picture larger than this is left out; an emoji or icon as SVG has some 3,000 bytes. */
const PICTURE_BYTES = 12_000;
/** All pictures of a report together. */
const REPORT_BYTES = 8_000_000;

/**
 * Pictures of the items that may stand in a report which opens without network: small `data:` images as they are, small
 * local SVG files as `data:` images (in which no script runs). Others have none. Relative paths start at the working
 * directory, as in the catalog.
 *
 * @returns `data:` URLs by the items' `image`
 */
export async function inlinePictures(queries: readonly ReportedQuery[]): Promise<Map<string, string>> {
  const images = new Set(
    queries.flatMap(({ sets }) =>
      Object.values(sets).flatMap(({ items }) => items.flatMap(({ image }) => (image ? [image] : []))),
    ),
  );
  const inlined = new Map<string, string>();
  let left = REPORT_BYTES;
  for (const image of images) {
    const url = await inlinePicture(image);
    if (url === undefined || url.length > left) continue;
    inlined.set(image, url);
    left -= url.length;
  }
  return inlined;
}

async function inlinePicture(image: string): Promise<string | undefined> {
  if (/^data:image\/[\w.+-]+[;,]/i.test(image)) return image.length <= PICTURE_BYTES ? image : undefined;
  if (!/\.svg$/i.test(image) || /^(?!file:)[a-z][a-z0-9+.-]+:/i.test(image)) return undefined;
  try {
    const file = image.startsWith('file:') ? fileURLToPath(image) : image;
    const info = await stat(file);
    if (!info.isFile() || info.size > PICTURE_BYTES) return undefined;
    return `data:image/svg+xml;base64,${(await readFile(file)).toString('base64')}`;
  } catch {
    // A picture that cannot be read is no reason to go without a report.
    return undefined;
  }
}
