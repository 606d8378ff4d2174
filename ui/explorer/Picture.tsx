import { useEffect, useState } from 'preact/hooks';
import type { FoundItem } from '../../src/serve/http/schemas.js';
import { needsKey, pictureUrl } from './api.ts';

/** Fields that may hold a picture as text. */
const EMOJI_FIELDS = ['emoji', 'icon'];

/** The item's picture; without one its emoji, or the first letters of its title. */
export function Picture({ item }: { item: FoundItem }) {
  const { image, title, metadata } = item;
  const [broken, setBroken] = useState<string>();
  const source = useSource(image, () => setBroken(image));
  if (image !== undefined && image !== broken) {
    return (
      <span class="picture">
        {source && <img src={source} alt="" decoding="async" onError={() => setBroken(image)} />}
      </span>
    );
  }
  const emoji = EMOJI_FIELDS.map((name) => metadata[name]).find((value) => typeof value === 'string');
  return (
    <span class={`picture ${emoji ? 'emoji' : 'letters'}`} aria-hidden="true">
      {emoji ?? initials(title)}
    </span>
  );
}

/** What the element shows; undefined while a picture behind a key is on its way. */
function useSource(image: string | undefined, onError: () => void): string | undefined {
  const [fetched, setFetched] = useState<{ image: string; url: string }>();
  const fetches = image !== undefined && needsKey(image);
  // Another picture begins anew, another handler does not.
  useEffect(() => {
    if (image === undefined || !fetches) return;
    const controller = new AbortController();
    let made: string | undefined;
    pictureUrl(image, controller.signal).then(
      (url) => {
        made = url;
        setFetched({ image, url });
      },
      () => controller.signal.aborted || onError(),
    );
    return () => {
      controller.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [image, fetches]);
  if (!fetches) return image;
  return fetched?.image === image ? fetched?.url : undefined;
}

export function initials(title: string): string {
  const words = title.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words
    .slice(0, 2)
    .map((word) => Array.from(word.replace(/^[^\p{L}\p{N}]+/u, ''))[0]?.toUpperCase())
    .join('');
}
