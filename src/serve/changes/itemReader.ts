/** Items as requests bring them: records like those of the catalog file. */
import { FieldReader } from '../../catalog/fields.js';
import type { Item } from '../../catalog/item.js';
import type { DataRecord } from '../../catalog/records.js';
import { fieldText } from '../../catalog/template.js';
import { InputError } from '../../errors.js';
import type { Config } from '../../run/config.js';
import { type FieldError, invalidFields, problemOf } from '../http/problem.js';
import type { ItemsRequest } from '../http/schemas.js';

/** Reads records with the fields and the text template the run was compiled with. */
export class ItemReader {
  readonly #fields: FieldReader;

  constructor(catalog: Config['catalog']) {
    this.#fields = new FieldReader(catalog);
  }

  /** @throws HttpProblem naming every record without id or text */
  readAll(records: NonNullable<ItemsRequest['upsert']>): Item[] {
    const errors: FieldError[] = [];
    const items = records.flatMap((record, i) => {
      try {
        return [this.#read(record)];
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const field = error.field === undefined ? `upsert[${i}]` : `upsert[${i}].${error.field}`;
        errors.push({ field, detail: problemOf(error) });
        return [];
      }
    });
    if (errors.length > 0) throw invalidFields(errors.slice(0, 20));
    return items;
  }

  #read(sent: DataRecord): Item {
    const record = Object.fromEntries(Object.entries(sent).filter(([, value]) => isPlain(value)));
    const { id: name, category, image } = this.#fields;
    const id = idText(record[name]);
    if (id === '')
      throw new InputError('is missing; give every item an id, a text or a number', { field: name });
    const text = this.#fields.text(record, {});
    const title = this.#fields.title(record, text);
    const [categoryText, imageText] = [fieldText(record[category]), fieldText(record[image])];
    return {
      id,
      text,
      title,
      ...(categoryText !== '' && { category: categoryText }),
      ...(imageText !== '' && { image: imageText }),
      metadata: this.#fields.metadata(record, title, text),
    };
  }
}

/** An id as a text, empty if it is none; the same as in a catalog file. */
export function idText(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.trim() : '';
}

/** Whether a field can be part of an item; what is nested is left out, as in a catalog file. */
function isPlain(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isScalar) : value === null || isScalar(value);
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);
