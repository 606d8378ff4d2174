/** A text as the built-in encoders read it: Unicode NFKC, lower case, single spaces. So letter case changes no vector. */
export function normalizeText(text: string): string {
  // Once more at the end: lower case may leave what NFKC would compose.
  return text.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/\s+/g, ' ').trim();
}
