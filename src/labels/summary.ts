/** What labels say of methods. */
import type { Method } from '../retrieve/methodNames.js';
import { type Labels, type QueryLabels, verdictOf } from './labels.js';

export interface MethodSummary {
  readonly method: Method;
  /** Queries of which a set of its was compared or judged as a whole. */
  readonly queries: number;
  /** Items of these sets; on topic, and judged at all. */
  readonly shown: number;
  readonly up: number;
  readonly judged: number;
  /** Share of the judged items that are on topic; absent where none is judged. */
  readonly precision?: number;
  /** Comparisons in which its set was the better one, the worse one, or neither. */
  readonly won: number;
  readonly lost: number;
  readonly equal: number;
}

/**
 * A line for each method whose sets were judged, in the order in which they were met. An item that nobody judged counts neither
 * for nor against: as long as there are such, a precision is an estimate.
 */
export function summarize(labels: Labels): MethodSummary[] {
  const byMethod = new Map<Method, Mutable>();
  const of = (method: Method): Mutable => {
    const found = byMethod.get(method) ?? { ...NOTHING };
    byMethod.set(method, found);
    return found;
  };
  for (const said of labels.values()) {
    for (const [method, items] of shownSets(said)) {
      const sum = of(method);
      const verdicts = items.map((item) => verdictOf(said, item));
      sum.queries++;
      sum.shown += items.length;
      sum.up += verdicts.filter((verdict) => verdict === 'up').length;
      sum.judged += verdicts.filter((verdict) => verdict !== undefined).length;
    }
    for (const { sets, better } of said.choices.values())
      for (const { method } of sets)
        of(method)[better === 'equal' ? 'equal' : better === method ? 'won' : 'lost']++;
  }
  return Array.from(byMethod, ([method, sum]) => ({
    method,
    ...sum,
    ...(sum.judged > 0 && { precision: sum.up / sum.judged }),
  }));
}

type Mutable = { -readonly [Name in keyof typeof NOTHING]: number };
const NOTHING = { queries: 0, shown: 0, up: 0, judged: 0, won: 0, lost: 0, equal: 0 };

/** The last set of every method that was compared or judged as a whole. */
function shownSets({ sets, choices }: QueryLabels): Map<Method, readonly string[]> {
  const shown = [...sets.values(), ...Array.from(choices.values()).flatMap((choice) => choice.sets)];
  return new Map(shown.map(({ method, items }) => [method, items]));
}
