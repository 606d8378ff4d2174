/** Items as requests bring them: records like those of the catalog file. */
import { cleanRecord } from '../../catalog/cleanRecord.js';
import { FieldReader } from '../../catalog/fields.js';
import { idText } from '../../catalog/ids.js';
import type { Item } from '../../catalog/item.js';
import type { DataRecord } from '../../catalog/records.js';
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
    const record = cleanRecord(sent);
    const { id: name } = this.#fields;
    const id = idText(record[name]);
    if (id === '')
      throw new InputError('is missing; give every item an id, a text or a number', { field: name });
    const text = this.#fields.text(record, {});
    const title = this.#fields.title(record, text);
    const category = this.#fields.category(record);
    const image = this.#fields.image(record);
    return {
      id,
      text,
      title,
      ...(category !== '' && { category }),
      ...(image !== '' && { image }),
      metadata: this.#fields.metadata(record, title, text),
    };
  }
}
