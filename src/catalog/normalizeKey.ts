/** Texts that differ only in case and white space have the same key. */
export function normalizeKey(text: string): string {
  return text.trim().toLowerCase().replace(/\s+/g, ' ');
}
