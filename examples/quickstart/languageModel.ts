import { type LabelMetrics, labelMetrics } from 'r4t';
import { type CatalogItem, readLines } from './data.js';

/** Means over queries by the labels, and the median milliseconds a query. */
export type LabelFigures = Pick<
  LabelMetrics,
  'precisionAtK' | 'recallAtK' | 'sRecallAtK' | 'alphaNdcgAtK'
> & {
  readonly msPerQuery: number;
};

export interface LanguageModelOptions {
  /** JSON lines of what the model answered: query, ids of items, milliseconds. */
  readonly answers: string;
  /** The labelled sets, of which the split `test` counts. */
  readonly sets: string;
  readonly catalog: ReadonlyMap<string, CatalogItem>;
  /** Items of an answer that count. */
  readonly k: number;
}

/** What recorded answers of a language model are worth by the labels; undefined where there are none for test queries. */
export function readLanguageModel({
  answers,
  sets,
  catalog,
  k,
}: LanguageModelOptions): { figures: LabelFigures; queries: number } | undefined {
  const items = [...catalog.values()];
  const rowOf = new Map(items.map(({ id }, row) => [id, row]));
  const rows = (ids: readonly string[]) => ids.flatMap((id) => rowOf.get(id) ?? []);
  const labels = new Map(
    readLines<{ query: string; items: string[]; split: string }>(sets)
      .filter(({ split }) => split === 'test')
      .map((set) => [set.query, rows(set.items)]),
  );
  const measured = readLines<{ query: string; items: string[]; ms: number }>(answers).flatMap((answer) => {
    const reference = labels.get(answer.query);
    if (reference === undefined) return [];
    const aspectOf = (row: number) => items[row].category;
    return [{ ms: answer.ms, ...labelMetrics({ retrieved: rows(answer.items), reference, k, aspectOf }) }];
  });
  if (measured.length === 0) return undefined;
  const mean = (value: (one: LabelMetrics) => number) =>
    measured.reduce((sum, one) => sum + value(one), 0) / measured.length;
  const figures = {
    precisionAtK: mean((one) => one.precisionAtK),
    recallAtK: mean((one) => one.recallAtK),
    sRecallAtK: mean((one) => one.sRecallAtK),
    alphaNdcgAtK: mean((one) => one.alphaNdcgAtK),
    msPerQuery: median(measured.map(({ ms }) => ms)),
  };
  return { figures, queries: measured.length };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
