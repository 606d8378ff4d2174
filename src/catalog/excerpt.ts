/** The beginning of a text, fit for an error message. */
export function excerpt(text: string, length = 40): string {
  const short = text.trim();
  return JSON.stringify(short.length > length ? `${short.slice(0, length)}…` : short);
}
