/** A metadata value as read from the catalog; filters compare these. */
export type MetadataValue = string | number | boolean | null | readonly (string | number | boolean)[];
export type Metadata = Readonly<Record<string, MetadataValue>>;

/** One thing that can be retrieved. */
export interface Item {
  readonly id: string;
  /** What the encoder sees: the text template filled in with the item's fields; never empty. */
  readonly text: string;
  /** What a person sees in lists: the title field where there is one, else `text`. */
  readonly title: string;
  readonly category?: string;
  readonly image?: string;
  /** Every other field of the record that is a plain value; what filters and custom rewards read. */
  readonly metadata: Metadata;
}

export type Split = 'train' | 'valid' | 'test';

/** A broad query, where known with the items of one reference set (weak supervision, WSCR). */
export interface QueryRecord {
  readonly query: string;
  /** Row numbers of the reference items in the catalog; empty for open-ended queries (OAR). */
  readonly items: readonly number[];
  readonly split: Split;
}

/** The text of each item, in order: a large catalog is read as it is walked. */
export function* textsOf(items: Iterable<Pick<Item, 'text'>>): Generator<string> {
  for (const { text } of items) yield text;
}
