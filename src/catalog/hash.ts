/** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv) and a hash like it, 32 bits each. Not for texts that somebody makes alike. */
function hashes(text: string): readonly [number, number] {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
  }
  return [a >>> 0, b >>> 0];
}

/** A whole number of 53 bits for a text. */
export function hashText(text: string): number {
  const [a, b] = hashes(text);
  return (b >>> 11) * 2 ** 32 + a;
}

/** 64 bits for a text, 16 hexadecimal digits. */
export const hexHash = (text: string): string =>
  hashes(text)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
