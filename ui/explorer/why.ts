/** What the page says of items: why they are in a set, and what keeps a set short. */
import type { FoundItem, SetResult } from '../../src/serve/http/schemas.js';
import { hasDirections } from './methods.ts';
import type { Question } from './request.ts';

export interface Reason {
  readonly text: string;
  /** The same at length. */
  readonly title: string;
}

type Found = Pick<FoundItem, 'id' | 'direction' | 'why' | 'rank'>;

/** The service's reason, and at length where a method of several directions looked. */
export function whyOf(
  { id, direction, why, rank }: Found,
  { directions = [], method }: Pick<SetResult, 'directions' | 'method'>,
): Reason {
  if (!hasDirections(method) || directions.length < 2) return { text: why, title: why };
  const nearest = directions[direction]?.nearest;
  const where =
    nearest && nearest.id !== id ? `to ${nearest.title}, which another direction took` : 'to this item';
  const place = rank > 1 ? `; it is hit number ${rank}` : '';
  return { text: why, title: `${why}. Direction ${direction + 1} lies nearest ${where}${place}` };
}

/** What keeps a set from having as many items as were asked for. */
export function shortOf({ filters, distinct, minScore, exclude, offset }: Question, items: number): string {
  const limits = [
    ...(filters.length > 0 ? ['the filters'] : []),
    ...(minScore === undefined ? [] : [`a relevance of ${minScore.toFixed(2)}`]),
    ...(distinct ? [`${distinct.max} for each ${distinct.field}`] : []),
  ];
  if (limits.length > 0) return `No ${items > 0 ? 'other ' : ''}item passes: ${limits.join(', ')}.`;
  return offset > 0 || exclude.length > 0 ? 'There are no more items.' : 'The catalog has no other items.';
}
