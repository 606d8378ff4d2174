import { cleanText } from './cleanText.js';
import type { MetadataValue } from './item.js';
import { parseJson } from './parseJson.js';
import type { DataRecord } from './records.js';

/** A record of plain values alone. */
export type PlainRecord = Record<string, MetadataValue>;

/** Objects in objects are taken apart so far. */
const LEVELS = 4;

/**
 * A record as everything else wants it: texts clean, lists that are written as text (`["a", "b"]`) lists, nested objects as fields of
 * their own (`brand.name`), lists of objects as lists (`category.name`), without the nulls in a list.
 *
 * @param onLeftOut told of a field that is none of this: bytes, lists of lists, objects too deep
 */
export function cleanRecord(record: DataRecord, onLeftOut?: (field: string) => void): PlainRecord {
  const plain: PlainRecord = {};
  const put = (name: string, value: MetadataValue) => {
    if (name !== '__proto__' && !Object.hasOwn(plain, name)) plain[name] = value;
  };
  const add = (name: string, given: unknown, levels: number): void => {
    const value = typeof given === 'string' ? cleanCell(given) : given;
    if (isNothing(value)) put(name, null);
    else if (isScalar(value)) put(name, value);
    else if (Array.isArray(value)) addList(name, value, levels);
    else if (typeof value === 'object' && !ArrayBuffer.isView(value) && levels > 0) {
      for (const [key, inner] of Object.entries(value)) add(`${name}.${key}`, inner, levels - 1);
    } else onLeftOut?.(name);
  };
  const addList = (name: string, value: readonly unknown[], levels: number): void => {
    const members = value.filter((member) => !isNothing(member));
    const objects = members.filter((member) => typeof member === 'object') as Record<string, unknown>[];
    const scalars = members
      .filter(isScalar)
      .map((member) => (typeof member === 'string' ? cleanText(member) : member));
    if (scalars.length > 0 || objects.length === 0) put(name, scalars);
    if (objects.length === 0) return;
    if (levels === 0 || objects.some(Array.isArray)) onLeftOut?.(name);
    else {
      for (const key of new Set(objects.flatMap((object) => Object.keys(object)))) {
        const values = objects.map((object) => object[key]);
        addList(`${name}.${key}`, values, levels - 1);
      }
    }
  };
  for (const [name, value] of Object.entries(record)) add(name, value, LEVELS);
  return plain;
}

/** NaN is what tables write for a missing number. */
const isNothing = (value: unknown): value is null | undefined =>
  value === null || value === undefined || Number.isNaN(value);

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** Longer cells are texts, whatever they begin with; a vector is shorter. */
const LONGEST_LIST = 1 << 17;

/** A text cell: clean, or the list or object that it writes. */
function cleanCell(text: string): unknown {
  const first = text.trimStart()[0];
  if ((first === '[' || first === '{') && text.length < LONGEST_LIST) {
    const value = literal(text.trim());
    if (typeof value === 'object' && value !== null) return value;
  }
  return cleanText(text);
}

/** JSON, or what Python prints: `['a', None]`. Undefined for other text. */
function literal(text: string): unknown {
  if (!/[\]}]$/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return text.includes("'") ? pythonLiteral(text) : undefined;
  }
}

const PYTHON_TOKEN = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|\b(None|nan|True|False)\b/gs;
const CONSTANTS: Readonly<Record<string, string>> = {
  None: 'null',
  nan: 'null',
  True: 'true',
  False: 'false',
};

function pythonLiteral(text: string): unknown {
  const json = text.replace(PYTHON_TOKEN, (token, single?: string, double?: string, constant?: string) => {
    if (constant !== undefined) return CONSTANTS[constant];
    const inner = single ?? double;
    return inner === undefined ? token : JSON.stringify(inner.replace(/\\(['"\\])/g, '$1'));
  });
  try {
    return parseJson(json);
  } catch {
    return undefined;
  }
}
