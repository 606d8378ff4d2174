import type { FilterPlan } from '../../catalog/filter/filterPlan.js';
import { numberName } from './searchEngine.js';

/** How an engine writes filters. Every expression is true or false of a document, never null. */
export interface Dialect<E> {
  /** Some term of the document is one of these. */
  any(terms: readonly string[]): E;
  /** The document has this number, and it lies here, both ends included; undefined where the engine cannot tell. */
  range(number: string, from: number, to: number): E | undefined;
  and(parts: readonly E[]): E;
  or(parts: readonly E[]): E;
  not(part: E): E;
}

/**
 * A plan in an engine's language; true where every document passes, false where none does. What is unknown of the plan lets pass
 * more than the plan, never less: under a NOT it counts as passed by none.
 */
export function compileFilter<E>(plan: FilterPlan, dialect: Dialect<E>, isNegated = false): E | boolean {
  switch (plan.op) {
    case 'unknown':
      return !isNegated;
    case 'any':
      return plan.terms.length > 0 && dialect.any(plan.terms);
    case 'range':
      return dialect.range(numberName(plan.field), plan.from, plan.to) ?? !isNegated;
    case 'not': {
      const part = compileFilter(plan.of, dialect, !isNegated);
      return typeof part === 'boolean' ? !part : dialect.not(part);
    }
    default: {
      // The one that decides the whole: false of an AND, true of an OR.
      const decisive = plan.op === 'or';
      const parts = plan.of.map((part) => compileFilter(part, dialect, isNegated));
      if (parts.includes(decisive)) return decisive;
      const open = parts.filter((part): part is Exclude<typeof part, boolean> => typeof part !== 'boolean');
      if (open.length === 0) return !decisive;
      if (open.length === 1) return open[0];
      return dialect[plan.op](open);
    }
  }
}
