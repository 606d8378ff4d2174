import { useState } from 'preact/hooks';
import type { FoundItem } from '../../src/serve/schemas.js';

/** Fields that may hold a picture as text. */
const EMOJI_FIELDS = ['emoji', 'icon'];

/** The item's picture; without one its emoji, or the first letters of its title. */
export function Picture({ item }: { item: FoundItem }) {
  const { image, title, fields } = item;
  const [broken, setBroken] = useState<string>();
  if (image !== undefined && image !== broken) {
    return (
      <span class="picture">
        <img src={image} alt="" decoding="async" onError={() => setBroken(image)} />
      </span>
    );
  }
  const emoji = EMOJI_FIELDS.map((name) => fields[name]).find((value) => typeof value === 'string');
  return (
    <span class={`picture ${emoji ? 'emoji' : 'letters'}`} aria-hidden="true">
      {emoji ?? initials(title)}
    </span>
  );
}

export function initials(title: string): string {
  const words = title.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words
    .slice(0, 2)
    .map((word) => Array.from(word.replace(/^[^\p{L}\p{N}]+/u, ''))[0]?.toUpperCase())
    .join('');
}
