import { InputError, type InputLocation } from '../errors.js';
import type { Metadata, MetadataValue } from './item.js';
import type { DataRecord } from './records.js';
import { fieldText, parseTemplate, renderTemplate, type TextTemplate } from './template.js';

/** Which fields of a record make an item. Every one is optional; the defaults are in brackets. */
export interface CatalogFields {
  /** Template of the text the encoder sees, e.g. `{title}. {category}` [the first of `title`, `name`, `text`]. */
  readonly text?: string;
  /** The unique id, a string or number [`id`]. */
  readonly id?: string;
  /** What a person sees in lists [the first of `title`, `name`, else the text]. */
  readonly title?: string;
  /** [`category`] */
  readonly category?: string;
  /** URL or path of a picture [`image`]. */
  readonly image?: string;
  /** A precomputed embedding: a list of numbers, or in CSV `0.1 0.2 ...` [`vector`]. */
  readonly vector?: string;
}

/**
 * A field of the text template is repeated in the metadata only up to this many characters: filters compare short
 * values, and a million long descriptions should not be held twice.
 */
const LONG_VALUE = 200;

/**
 * The catalog's own names of the parts of an item, for filters: a column that became the category can be asked for by
 * either name.
 */
export function ownNames({ text, ...fields }: CatalogFields): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const parts = text === undefined ? [] : parseTemplate(text).fields;
  if (parts.length === 1) names.set(parts[0], 'text');
  names.set(fields.title ?? 'name', 'title');
  for (const part of ['id', 'category', 'image'] as const) {
    const name = fields[part];
    if (name !== undefined) names.set(name, part);
  }
  return names;
}

/** Reads the parts of an item out of records; knows the defaults of `CatalogFields`. */
export class FieldReader {
  readonly id: string;
  readonly category: string;
  readonly image: string;
  readonly vector: string;
  readonly #title: readonly string[];
  readonly #template?: TextTemplate;
  readonly #textFields: ReadonlySet<string>;
  /** Fields that never go into the metadata, for they are told elsewhere. */
  readonly #taken: ReadonlySet<string>;
  /** Fields the user named and no record has shown yet. */
  readonly #unseen: Map<string, keyof CatalogFields>;

  /** @throws InputError if the text template is malformed */
  constructor(fields: CatalogFields) {
    this.id = fields.id ?? 'id';
    this.category = fields.category ?? 'category';
    this.image = fields.image ?? 'image';
    this.vector = fields.vector ?? 'vector';
    this.#title = fields.title === undefined ? ['title', 'name'] : [fields.title];
    this.#template = fields.text === undefined ? undefined : parseTemplate(fields.text);
    this.#textFields = new Set(this.#template?.fields ?? ['title', 'name', 'text']);
    this.#taken = new Set([this.id, this.category, this.image, this.vector]);
    this.#unseen = new Map();
    for (const option of ['id', 'title', 'category', 'image', 'vector'] as const) {
      const name = fields[option];
      if (name !== undefined) this.#unseen.set(name, option);
    }
    for (const name of this.#template?.fields ?? []) this.#unseen.set(name, 'text');
  }

  /** @throws InputError if the record has no text */
  text(record: DataRecord, location: InputLocation): string {
    const text =
      this.#template === undefined
        ? firstText(record, ['title', 'name', 'text'])
        : renderTemplate(this.#template, record);
    if (text !== '') return text;
    const wanted = [...this.#textFields];
    const names = Object.keys(record);
    const present = wanted.find((name) => names.includes(name));
    if (present !== undefined) {
      throw new InputError('is empty; give every item a text', { ...location, field: present });
    }
    const guess = names.find((name) => !this.#taken.has(name)) ?? 'title';
    throw new InputError(
      `has none of the text fields ${wanted.join(', ')}, only ${names.join(', ')}; set catalog.text, e.g. "{${guess}}"`,
      location,
    );
  }

  /** The title; shares the string with `text` where they are equal. */
  title(record: DataRecord, text: string): string {
    const title = firstText(record, this.#title);
    return title === '' || title === text ? text : title;
  }

  /** Every field that holds a plain value and is told nowhere else. */
  metadata(record: DataRecord, title: string, text: string): Metadata {
    const metadata: Record<string, MetadataValue> = {};
    for (const name in record) {
      const value = record[name];
      if (this.#taken.has(name) || name === '__proto__' || !isPlain(value)) continue;
      if (value === '' || this.#isTold(name, value, title, text)) continue;
      metadata[name] = value;
    }
    return metadata;
  }

  #isTold(name: string, value: MetadataValue, title: string, text: string): boolean {
    if (typeof value !== 'string') return false;
    if (this.#title.includes(name) && value.trim() === title) return true;
    return this.#textFields.has(name) && (value.length > LONG_VALUE || value.trim() === text);
  }

  /** Notes which of the named fields exist. */
  see(record: DataRecord): void {
    for (const name of this.#unseen.keys()) {
      if (record[name] !== undefined && record[name] !== null) this.#unseen.delete(name);
    }
  }

  /** @throws InputError if a field the user named is in no record */
  checkSeen(file: string, known: Iterable<string>): void {
    for (const [name, option] of this.#unseen) {
      throw new InputError(
        `is named by catalog.${option}, but no record has it; the fields are ${[...known].join(', ')}`,
        { file, field: name },
      );
    }
  }
}

function firstText(record: DataRecord, names: readonly string[]): string {
  for (const name of names) {
    const text = fieldText(record[name]);
    if (text !== '') return text;
  }
  return '';
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isPlain(value: unknown): value is MetadataValue {
  return value === null || isScalar(value) || (Array.isArray(value) && value.every(isScalar));
}
