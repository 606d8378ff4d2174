import { InputError } from '../errors.js';
import type { DataRecord } from './records.js';

/** A parsed text template such as `{title}. {category}`. */
export interface TextTemplate {
  readonly source: string;
  /** The fields it names, each once, in order. */
  readonly fields: readonly string[];
  /** Each placeholder with the literal text before it. */
  readonly parts: readonly { readonly before: string; readonly field: string }[];
  /** The literal text after the last placeholder. */
  readonly after: string;
}

/**
 * Parses a text template: literal text with `{field}` placeholders.
 *
 * @throws InputError if it has no placeholder or an unbalanced brace
 */
export function parseTemplate(source: string): TextTemplate {
  const parts: { before: string; field: string }[] = [];
  let end = 0;
  for (const match of source.matchAll(/\{([^{}]+)\}/g)) {
    parts.push({ before: source.slice(end, match.index), field: match[1].trim() });
    end = match.index + match[0].length;
  }
  const after = source.slice(end);
  if (parts.length === 0 || [after, ...parts.map((p) => p.before)].some((text) => /[{}]/.test(text))) {
    throw new InputError(`"${source}" is not a text template; write it like "{title}. {category}"`, {
      field: 'catalog.text',
    });
  }
  return { source, fields: [...new Set(parts.map((p) => p.field))], parts, after };
}

/**
 * Fills a template in. A literal belongs to the placeholder after it and is printed only if that one has a value and
 * (but for the opening literal) something stands before it; the last literal belongs to the last placeholder. So a missing field leaves no stray
 * punctuation: `{title}. {brand} ({category})` gives `Mug (Kitchen)` for a record without brand.
 *
 * @returns the text, trimmed; empty if no placeholder has a value
 */
export function renderTemplate(template: TextTemplate, record: DataRecord): string {
  const { parts, after } = template;
  let text = '';
  let value = '';
  for (const [i, { before, field }] of parts.entries()) {
    value = fieldText(record[field]);
    if (value !== '') text += i === 0 || text !== '' ? before + value : value;
  }
  return (value === '' ? text : text + after).trim();
}

/** A field's value as text: trimmed; the elements of a list joined by commas; empty for null and nested objects. */
export function fieldText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.trim();
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return Array.isArray(value)
        ? value
            .map(fieldText)
            .filter((text) => text !== '')
            .join(', ')
        : '';
  }
}
