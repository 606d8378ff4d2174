import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The benchmark data sets, which are not part of the package. */
export const SHARED_DATA = [
  'bundle-clothing',
  'bundle-electronic',
  'ikea-rooms',
  'playlists',
  'polyvore-outfits',
] as const;

const root = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));

/** Path of a file of a shared data set, e.g. `sharedFile('ikea-rooms', 'catalog.jsonl')`. */
export function sharedFile(name: string, file: string): string {
  return `${root}${name}/${file}`;
}

/** Whether the shared data are there; says so once if not. */
export function hasSharedData(): boolean {
  const present = SHARED_DATA.every((name) => existsSync(sharedFile(name, 'catalog.jsonl')));
  if (!present) console.info('skipped: the shared data folder ../shared/data is absent');
  return present;
}
