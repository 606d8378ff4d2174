/** What became of the inputs, in a few lines. */
import type { CatalogReport } from '../catalog/catalogRows.js';
import type { FieldType } from '../catalog/filter/filterTable.js';
import type { SkippedRows } from '../catalog/rowLog.js';
import type { QueryReport } from '../catalog/sets.js';
import { ANOTHER_ENCODER, type InputReport } from '../compile/inputs.js';
import type { MemoryPlan } from '../run/memoryPlan.js';
import { formatBytes, formatFigure, oneLine, truncate } from './text.js';

/** Bad rows and notes are cut to this. */
const LINE = 200;
/** Fields that are shown; `info` shows all. */
const FIELDS = 30;
/** Below this share of known words a catalog is hardly in the encoder's language. */
const LEAST_KNOWN = 0.75;

export function describeInputs({
  catalog,
  fields,
  sets,
  queries,
  texts,
  queryTexts,
  memory,
}: InputReport): string {
  const lines = [
    ...describeCatalog(catalog),
    `  fields: ${describeFields(fields)}`,
    ...(sets ? describeQueries(sets, 'set') : []),
    ...(queries ? describeQueries(queries, 'query') : []),
  ];
  if (texts && texts.cut > 0) {
    lines.push(
      `texts: ${formatFigure(texts.cut)} of ${formatFigure(texts.texts)} are longer than the encoder reads, which leaves out their ends; put what matters first in catalog.text`,
    );
  }
  for (const [name, part] of Object.entries({ texts, queries: queryTexts })) {
    if (!part || part.unknown === 0) continue;
    const example = truncate(oneLine(part.example ?? ''), 40);
    lines.push(
      `${name}: ${formatFigure(part.unknown)} of ${formatFigure(part.texts)} are of words unknown to the encoder, such as "${example}"`,
    );
  }
  if (texts && texts.known < LEAST_KNOWN) {
    const percent = Math.round(100 * texts.known);
    lines.push(
      `texts: the encoder knows only ${percent} % of their words: is it of another language? ${ANOTHER_ENCODER}`,
    );
  }
  if (memory) lines.push(...describeMemory(memory));
  return lines.map((line) => `${line}\n`).join('');
}

/** Where a large catalog lies, and whether there is room for the rest. */
export function describeMemory({ vectors, index, onDisk, expected, available }: MemoryPlan): string[] {
  const parts = [
    ...(onDisk.items ? ['items'] : []),
    ...(onDisk.vectors ? [`vectors (${formatBytes(vectors)})`] : []),
    ...(onDisk.index ? [`their codes (${formatBytes(index)})`] : []),
  ];
  const kept = parts.length > 0 ? `; ${parts.join(', ')} stay on disk` : '';
  const isTooMuch = expected > available;
  const remedy = isTooMuch
    ? `, more than the ${formatBytes(available)} there are: give it more, or set R4T_CATALOG_MEMORY to fewer megabytes, so that more stays on disk`
    : '';
  return [`memory: compiling takes about ${formatBytes(expected)}${remedy}${kept}`];
}

/** The catalog's own part. */
export function describeCatalog(catalog: CatalogReport): string[] {
  const { source, rows, items, skipped, merged, found, leftOut, notes } = catalog;
  const counts = [
    counted(rows, 'row'),
    ...(merged > 0 ? [`${formatFigure(merged)} joined as variants`] : []),
    ...(skipped.count > 0 ? [`${formatFigure(skipped.count)} skipped`] : []),
    counted(items, 'item'),
  ];
  const columns = Object.entries(found).map(([role, column]) => `${role} is "${column}"`);
  const left = Object.entries(leftOut).map(([field, count]) => `${field} (${counted(count, 'row')})`);
  return [
    `${source}: ${counts.join(', ')}`,
    ...badRows(skipped),
    ...(columns.length > 0 ? [indent(`found by the names of columns: ${columns.join(', ')}`)] : []),
    ...(left.length > 0 ? [indent(`left out, as they hold no plain values: ${left.join(', ')}`)] : []),
    ...notes.map(indent),
  ];
}

/** A file of queries or sets. */
export function describeQueries(
  { source, rows, skipped, retired, notes }: QueryReport,
  what: 'set' | 'query',
): string[] {
  const gone = retired
    ? [
        `${counted(retired.count, 'item')} not in the catalog left out (${retired.first.join(', ')}${retired.count > retired.first.length ? ', ...' : ''})`,
      ]
    : [];
  const counts = [
    counted(rows - skipped.count, what),
    ...(skipped.count > 0 ? [`${counted(skipped.count, 'row')} skipped`] : []),
    ...gone,
  ];
  return [`${source}: ${counts.join(', ')}`, ...badRows(skipped), ...notes.map(indent)];
}

function badRows({ count, first }: SkippedRows): string[] {
  const more =
    count > first.length
      ? [`  skipped: and ${formatFigure(count - first.length)} more; --strict stops at the first`]
      : [];
  return [...first.map((text) => indent(`skipped: ${text}`)), ...more];
}

function describeFields(fields: readonly FieldType[]): string {
  const shown = fields
    .slice(0, FIELDS)
    .map(({ name, kind, isList }) => `${oneLine(name)} ${isList ? `list of ${kind}` : kind}`);
  const more = fields.length > FIELDS ? [`and ${fields.length - FIELDS} more`] : [];
  return [...shown, ...more].join(', ');
}

function counted(count: number, what: 'row' | 'item' | 'set' | 'query'): string {
  const many = what === 'query' ? 'queries' : `${what}s`;
  return `${formatFigure(count)} ${count === 1 ? what : many}`;
}

const indent = (text: string): string => `  ${truncate(oneLine(text), LINE)}`;
