/** What is said of conditions that cannot be meant: what the field holds, and what to write instead. */
import { InputError } from '../../errors.js';
import { nearest } from '../../run/nearest.js';
import type { Column } from './column.js';
import type { FieldKind } from './fieldKind.js';
import type { FilterOperator, Scalar } from './filter.js';
import { formatCondition, formatted } from './formatEquals.js';

const KINDS: Readonly<Record<FieldKind, string>> = {
  number: 'numbers',
  date: 'dates',
  boolean: 'true or false',
  text: 'text',
};

/** One value of a condition. */
export interface Condition {
  readonly field: string;
  readonly op: FilterOperator;
  readonly value: Scalar;
}

/** Most values named in a message. */
const NAMED = 6;
/** Longer ones are cut. */
const LENGTH = 60;

/** The error for a value that the field's values cannot be compared with. */
export function impossible(column: Column, { field, op, value }: Condition): InputError {
  const { kind } = column;
  const wanted = shown(value);
  if (kind === 'text') {
    const remedy =
      op === '='
        ? `and none is ${wanted}; use ~ for a part of a text, or make them dates (2024-01-31) in the catalog`
        : `which cannot be compared with ${wanted}; use = or ~, or make them numbers or dates (2024-01-31) in the catalog`;
    return new InputError(`holds text ${examples(column)}, ${remedy}`, { field });
  }
  const such = kind === 'boolean' ? '' : ` ${examples(column)}`;
  return new InputError(
    `holds ${KINDS[kind]}${such}, got ${wanted}; write ${advice(column, { field, op, value })}`,
    {
      field,
    },
  );
}

function advice(column: Column, { field, op, value }: Condition): string {
  const text = String(value);
  if (/^(?:null|none|nil|missing|empty|undefined)?$/i.test(text.trim()))
    return `${formatted(field)} IS MISSING`;
  const range = /^(\S+?)\s*\.\.\s*(\S+)$/.exec(text);
  if (range) return `${formatted(field)} ${range[1]}..${range[2]}, without ${op}`;
  if (column.kind === 'number' && /^[+-]?\d+,\d+$/.test(text))
    return `${formatCondition(field, op, text.replace(',', '.'))}, with a decimal point`;
  return `e.g. ${formatCondition(field, op, exampleOf(column) ?? text)}`;
}

/** The error for a field of which no item has a value. */
export const valueless = (field: string): InputError =>
  new InputError('has no value in any item, so no filter on it passes; leave it out', { field });

/** The error for a value that none of an enumerated field's is. */
export function unknownValue(column: Column, { field, op, value }: Condition): InputError {
  const text = String(value);
  if (/^(?:null|none|nil|missing|undefined)$/i.test(text))
    return new InputError(
      `is never ${shown(value)}; for items without one write ${formatted(field)} IS MISSING`,
      {
        field,
      },
    );
  const counted = column.counts().sort((a, b) => b.items - a.items);
  const known = counted.map((counted) => String(counted.value));
  const parts = text.split(/\s*,\s*/).filter((part) => column.keys.includes(column.keyOf(part)));
  if (op === '=' && parts.length > 1)
    return new InputError(
      `is never ${shown(value)}; for one of several write ${formatted(field)} IN (${parts.join(', ')})`,
      { field },
    );
  const key = column.keyOf(text);
  if (op === '=' && column.keys.some((found) => hasWords(found, key)))
    return new InputError(
      `is never ${shown(value)} alone; for a part of a text write ${formatCondition(field, '~', text)}`,
      { field },
    );
  const near = nearest(text, known);
  const example = formatCondition(field, op, near ?? known[0]);
  const remedy = near === undefined ? `write e.g. ${example}` : `did you mean ${example}?`;
  const most = counted.slice(0, NAMED).map((counted) => shown(counted.value));
  const others = counted.length > NAMED ? ` or one of ${counted.length - NAMED} more` : '';
  const never = op === '~' ? 'never contains' : 'is never';
  return new InputError(`${never} ${shown(value)}; ${remedy} (it is ${most.join(', ')}${others})`, { field });
}

export const backwards = (field: string, least: Scalar, greatest: Scalar): InputError =>
  new InputError(`is never from ${least} to ${greatest}; write the smaller one first`, { field });

export const unordered = (field: string): InputError =>
  new InputError(`holds true or false, and neither is more; write e.g. ${formatted(field)}=true`, { field });

/** Whether a text has some words one after the other. */
function hasWords(text: string, words: string): boolean {
  const isInWord = (sign = '') => /[\p{L}\p{N}]/u.test(sign);
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1))
    if (!isInWord(text[at - 1]) && !isInWord(text[at + words.length])) return true;
  return false;
}

/** A number of which nobody can say whether its sign is between groups or a decimal sign. */
export function ambiguous(column: Column, field: string, value: string): InputError {
  const whole = value.replace(/[.,]/, '');
  const decimals = value.replace(/[.,]/, column.format.decimal);
  return new InputError(`${shown(value)} could be ${whole} or ${decimals}; write one of these`, { field });
}

export const rounded = (field: string, value: number): InputError =>
  new InputError(`${value} has lost digits as a number; write it as a text, "${BigInt(value)}"`, { field });

/** A value as it is best written in a filter. */
function exampleOf({ kind, example }: Column): Scalar | undefined {
  if (kind === 'boolean') return true;
  return kind === 'date' ? String(example).slice(0, '2024-01-31'.length) : example;
}

const examples = (column: Column): string => `such as ${column.examples(2).map(shown).join(' and ')}`;

function shown(value: Scalar): string {
  const text = typeof value === 'string' && value.length > LENGTH ? `${value.slice(0, LENGTH - 1)}…` : value;
  return JSON.stringify(text);
}
