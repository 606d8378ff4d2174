import type { MethodName, Metric, ReportData } from '../results.js';
import { methodsWithSets, metricOf } from './gains.js';
import { METHOD_INFO, metricName } from './names.js';

/** What the script of the page shows set by set. Items and pictures stand once, sets point at them. */
export interface Payload {
  readonly methods: readonly { readonly id: MethodName; readonly name: string }[];
  /** Figures above a set, all between 0 and 1 where all is well. */
  readonly metrics: readonly string[];
  readonly items: readonly (readonly [title: string, picture: number])[];
  readonly pictures: readonly string[];
  readonly queries: readonly {
    readonly text: string;
    readonly reference: readonly string[];
    /** One for each method, in their order; null where it has no set. */
    readonly sets: readonly (PayloadSet | null)[];
  }[];
}

interface PayloadSet {
  readonly figures: readonly (number | null)[];
  readonly subQueries: readonly string[];
  /** Row of `items`, row of `subQueries`, 1 if relevant. */
  readonly items: readonly (readonly [item: number, direction: number, relevant: 0 | 1])[];
}

/**
 * What labels say first, or the judge. No groundedness: it is near 1 for every set whose directions lie on items, which nobody who looks at the
 * items can see.
 */
const SHOWN: readonly Metric[] = [
  'precisionAtK',
  'alphaNdcgAtK',
  'sRecallAtK',
  'judgedAtK',
  'diversity',
  'alignment',
];

/** -1 where an item has no picture. */
const NO_PICTURE = -1;

/** @param pictures `data:` URLs by the items' `image` */
export function queryPayload(
  { results, queries }: ReportData,
  pictures: ReadonlyMap<string, string>,
): Payload {
  const methods = methodsWithSets(queries);
  const metrics = SHOWN.filter((metric) =>
    queries.some((query) => methods.some((method) => metricOf(query, method, metric) !== undefined)),
  );
  const itemRows = new Table<readonly [string, number]>();
  const pictureRows = new Table<string>();
  const pictureRow = (image: string | undefined) => {
    const url = image === undefined ? undefined : pictures.get(image);
    return url === undefined ? NO_PICTURE : pictureRows.row(url, url);
  };
  return {
    methods: methods.map((id) => ({ id, name: METHOD_INFO[id].name })),
    metrics: metrics.map((metric) => metricName(metric, results)),
    queries: queries.map((query) => ({
      text: query.query,
      reference: query.reference ?? [],
      sets: methods.map((method) => {
        const set = query.sets[method];
        if (set === undefined) return null;
        return {
          figures: metrics.map((metric) => metricOf(query, method, metric) ?? null),
          subQueries: set.subQueries ?? [],
          items: set.items.map(
            ({ id, title, image, direction, relevant }) =>
              [itemRows.row(id, [title, pictureRow(image)]), direction, relevant ? 1 : 0] as const,
          ),
        };
      }),
    })),
    items: itemRows.rows,
    pictures: pictureRows.rows,
  };
}

/** Rows that are stored once each. */
class Table<T> {
  readonly rows: T[] = [];
  readonly #numbers = new Map<string, number>();

  row(key: string, value: T): number {
    let row = this.#numbers.get(key);
    if (row === undefined) {
      row = this.rows.push(value) - 1;
      this.#numbers.set(key, row);
    }
    return row;
  }
}
