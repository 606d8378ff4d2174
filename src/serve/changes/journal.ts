/** Where accepted changes are kept: a file of this process, or a table that many share. */
import type { Item } from '../../catalog/item.js';
import type { DataRecord } from '../../catalog/records.js';
import type { ItemChange } from '../engine/engine.js';

/** A change as it was sent: an item with the record it was read from, or the id of one to delete. */
export type SentChange = { readonly upsert: Item; readonly record: DataRecord } | { readonly delete: string };

/** An accepted change. Numbers rise; those of a table may have gaps. */
export interface JournalEntry {
  readonly sequence: number;
  /** When it was accepted, milliseconds since 1970. */
  readonly at: number;
  readonly change: ItemChange;
}

/** The last change of every id since a catalog was compiled. */
export interface Journal {
  /** SHA-256 of the compiled catalog file. */
  readonly catalog: string;
  /** Why nothing may be written, if so. */
  readonly readOnly: string | undefined;
  /** Whether changes can be taken at the moment. */
  readonly isOpen: boolean;
  /** Number of the last change that is known to be accepted; 0 before the first. */
  readonly sequence: number;
  /** Number of the last change that `entries` knows. */
  readonly read: number;
  /** Told of what is added to the entries, in their order. */
  onEntries: ((entries: readonly JournalEntry[]) => void) | undefined;
  /** The last change of every id, in the order of acceptance, after number `after`. */
  entries(after?: number): JournalEntry[];
  /**
   * Makes changes durable.
   *
   * @returns the number of the last one
   * @throws R4tError if they cannot be written
   */
  append(changes: readonly SentChange[]): Promise<number>;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** The last change of every id, in the order of acceptance. */
export class LastChanges {
  readonly #byId = new Map<string, JournalEntry>();

  get size(): number {
    return this.#byId.size;
  }

  add(entry: JournalEntry): void {
    const { change } = entry;
    const id = 'upsert' in change ? change.upsert.id : change.delete;
    this.#byId.delete(id);
    this.#byId.set(id, entry);
  }

  /** Those after a number. */
  after(number: number): JournalEntry[] {
    return [...this.#byId.values()].filter(({ sequence }) => sequence > number);
  }
}
