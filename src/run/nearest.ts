import { distance } from 'fastest-levenshtein';

/**
 * The candidate closest to `name` in edit distance, if it is close enough to be a slip of the keyboard: a third of the letters, rounded
 * up so that two swapped ones, which count twice, pass in a short name.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.ceil(name.length / 3) + 1;
  for (const candidate of candidates) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits];
  }
  return best;
}
