import { InputError, type InputLocation } from '../errors.js';
import { nearest } from '../run/nearest.js';
import type { PlainRecord } from './cleanRecord.js';
import type { Metadata, MetadataValue } from './item.js';
import { fieldText, parseTemplate, renderTemplate, type TextTemplate } from './template.js';

/**
 * Which fields of a record make an item. Every one is optional: the defaults are in brackets, and where a file has no such field, one is
 * looked for by the usual names (`findColumns`).
 */
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
  /** What `price` means in filters [`price`]. */
  readonly price?: string;
  /** A precomputed embedding: a list of numbers, or in CSV `0.1 0.2 ...` [`vector`]. */
  readonly vector?: string;
  /** Records of one value here are variants of one item [none]. */
  readonly group?: string;
}

/** The fields that name a column. */
export const COLUMN_FIELDS = ['id', 'title', 'category', 'image', 'price', 'vector', 'group'] as const;

/**
 * A field of the text template is repeated in the metadata only up to this many characters: filters compare short
 * values, and a million long descriptions should not be held twice.
 */
const LONG_VALUE = 200;

/**
 * The catalog's own names of the parts of an item, for filters: a column that became the category can be asked for by
 * either name.
 */
export function ownNames({ text, price, ...fields }: CatalogFields): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const parts = text === undefined ? [] : parseTemplate(text).fields;
  if (parts.length === 1) names.set(parts[0], 'text');
  names.set(fields.title ?? 'name', 'title');
  for (const part of ['id', 'category', 'image'] as const) {
    const name = fields[part];
    if (name !== undefined) names.set(name, part);
  }
  if (price !== undefined) names.set('price', price);
  return names;
}

/** Reads the parts of an item out of clean records; knows the defaults of `CatalogFields`. */
export class FieldReader {
  readonly id: string;
  readonly vector: string;
  readonly group?: string;
  readonly #category: string;
  readonly #image: string;
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
    this.#category = fields.category ?? 'category';
    this.#image = fields.image ?? 'image';
    this.vector = fields.vector ?? 'vector';
    this.group = fields.group;
    this.#title = fields.title === undefined ? ['title', 'name'] : [fields.title];
    this.#template = fields.text === undefined ? undefined : parseTemplate(fields.text);
    const texts =
      fields.title === undefined ? ['title', 'name', 'text'] : [fields.title, 'title', 'name', 'text'];
    this.#textFields = new Set(this.#template?.fields ?? texts);
    this.#taken = new Set([this.id, this.#category, this.#image, this.vector]);
    this.#unseen = new Map();
    for (const option of COLUMN_FIELDS) {
      const name = fields[option];
      if (name !== undefined) this.#unseen.set(name, option);
    }
    for (const name of this.#template?.fields ?? []) this.#unseen.set(name, 'text');
  }

  /** Fields of which an item has one value, however many variants it has. */
  get single(): ReadonlySet<string> {
    return new Set([...this.#taken, ...this.#title, ...this.#textFields]);
  }

  /** @throws InputError if the record has no text */
  text(record: PlainRecord, location: InputLocation): string {
    const text =
      this.#template === undefined
        ? firstText(record, [...this.#textFields])
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
  title(record: PlainRecord, text: string): string {
    const title = firstText(record, this.#title).replace(/\s+/g, ' ');
    return title === '' || title === text ? text : title;
  }

  /** Of several categories all, as a list that filters take apart. */
  category(record: PlainRecord): string {
    const value = record[this.#category];
    return Array.isArray(value) ? value.map(fieldText).filter(Boolean).join(' | ') : fieldText(value);
  }

  /** Of several pictures the first. */
  image(record: PlainRecord): string {
    const value = record[this.#image];
    const text = fieldText(Array.isArray(value) ? value[0] : value);
    return /^https?:\/\//i.test(text) ? text.split(/\s*[,|;]\s*(?=https?:\/\/)/i)[0] : text;
  }

  /** Every field that holds a value and is told nowhere else. */
  metadata(record: PlainRecord, title: string, text: string): Metadata {
    const metadata: Record<string, MetadataValue> = {};
    for (const [name, value] of Object.entries(record)) {
      if (this.#taken.has(name) || value === '' || this.#isTold(name, value, title, text)) continue;
      metadata[name] = value;
    }
    return metadata;
  }

  #isTold(name: string, value: MetadataValue, title: string, text: string): boolean {
    if (typeof value !== 'string') return false;
    if (this.#title.includes(name) && value.replace(/\s+/g, ' ') === title) return true;
    return this.#textFields.has(name) && (value.length > LONG_VALUE || value === text);
  }

  /** Notes which of the named fields exist. */
  see(record: PlainRecord): void {
    for (const name of this.#unseen.keys()) {
      if (record[name] !== undefined && record[name] !== null) this.#unseen.delete(name);
    }
  }

  /** @throws InputError if a field the user named is in no record */
  checkSeen(file: string, known: Iterable<string>): void {
    for (const [name, option] of this.#unseen) {
      const names = [...known];
      const near = nearest(name, names);
      const guess = near === undefined ? '' : ` did you mean "${near}"?`;
      throw new InputError(
        `is named by catalog.${option}, but no record has it;${guess} the fields are ${names.join(', ')}`,
        { file, field: name },
      );
    }
  }
}

function firstText(record: PlainRecord, names: readonly string[]): string {
  for (const name of names) {
    const text = fieldText(record[name]);
    if (text !== '') return text;
  }
  return '';
}
