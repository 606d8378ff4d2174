/** Why an item is in a set, and why a set has no more of them, in words. */
import type { FoundItem, SetResult } from '../../src/serve/http/schemas.js';
import { familyOf, hasDirections } from './methods.ts';
import type { Question } from './request.ts';

export interface Reason {
  readonly text: string;
  /** The same at length. */
  readonly title: string;
}

type Found = Pick<FoundItem, 'id' | 'direction' | 'subQuery' | 'sharedWords' | 'rank'>;

/** The sub-query that brought an item, else the words it shares with the query, else where the method looked. */
export function whyOf(
  { id, direction, subQuery, sharedWords, rank }: Found,
  { directions = [], method }: Pick<SetResult, 'directions' | 'method'>,
): Reason {
  const place = rank > 1 ? `, its hit number ${rank}` : '';
  if (subQuery !== undefined) return { text: `“${subQuery}”`, title: `Sub-query “${subQuery}”${place}` };
  if (sharedWords.length > 0) {
    const words = sharedWords.join(', ');
    return { text: `has ${words}`, title: `Shares with the query: ${words}` };
  }
  if (hasDirections(method) && directions.length === 1)
    return { text: 'chosen for the set', title: 'A model chose it beside the others of the set' };
  if (hasDirections(method)) {
    const nearest = directions[direction]?.nearest;
    const name = `Direction ${direction + 1}`;
    if (!nearest || nearest.id === id)
      return { text: name, title: `${name} lies nearest to this item${place}` };
    return {
      text: `near ${nearest.title}`,
      title: `${name} lies nearest to ${nearest.title}, which another direction took${place}`,
    };
  }
  if (familyOf(method) === 'labels')
    return { text: 'learned from sets', title: 'Ranked by what sets of the training queries say' };
  return { text: 'by meaning', title: 'Near the query, though they have no word in common' };
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
