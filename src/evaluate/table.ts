export interface Column<Row> {
  readonly title: string;
  /** The cell's value; numbers are right-aligned, undefined and NaN print as a dash. */
  readonly value: (row: Row) => string | number | undefined;
  /** Decimals of numbers. Default 3. */
  readonly digits?: number;
}

export interface TableOptions {
  /** `text` for a terminal, `markdown` for a file. Default `text`. */
  readonly style?: 'text' | 'markdown';
}

/**
 * Rows as an aligned table, one line a row, without a final newline.
 *
 * @example
 * formatTable(rows, [
 *   { title: 'method', value: (r) => r.method },
 *   { title: 'ms/query', value: (r) => r.msPerQuery, digits: 1 },
 * ]);
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { style = 'text' }: TableOptions = {},
): string {
  const laidOut = columns.map((column) => layOut(rows, column, style));
  const line = (r: number) => laidOut.map(({ cells }) => cells[r]);
  const rules = laidOut.map(({ width, right }) => rule(width, right, style));
  const lines = [line(0), rules, ...rows.map((_, r) => line(r + 1))];
  return lines
    .map((cells) => (style === 'markdown' ? `| ${cells.join(' | ')} |` : cells.join('  ').trimEnd()))
    .join('\n');
}

/** Title and cells of one column, padded to one width. */
function layOut<Row>(rows: readonly Row[], column: Column<Row>, style: 'text' | 'markdown') {
  const values = rows.map(column.value);
  const right = values.some((value) => typeof value === 'number');
  const texts = [column.title, ...values.map((value) => cellText(value, column.digits ?? 3))].map((text) =>
    style === 'markdown' ? text.replaceAll('|', '\\|') : text,
  );
  const width = Math.max(...texts.map(displayWidth), 3);
  const cells = texts.map((text) => {
    const space = ' '.repeat(width - displayWidth(text));
    return right ? space + text : text + space;
  });
  return { cells, width, right };
}

function cellText(value: string | number | undefined, digits: number): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  return typeof value === 'number' ? value.toFixed(digits) : value;
}

function rule(width: number, right: boolean, style: 'text' | 'markdown'): string {
  return style === 'markdown' && right ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width);
}

const graphemes = new Intl.Segmenter();

/** Columns a text takes in a terminal: emoji take two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text))
    width += /\p{Emoji_Presentation}|\ufe0f/u.test(segment) ? 2 : 1;
  return width;
}
