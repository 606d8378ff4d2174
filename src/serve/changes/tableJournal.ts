/** Accepted changes in a table that several services share: each reads what any has inserted, in the same order. */
import { setTimeout } from 'node:timers/promises';
import type { Client } from 'pg';
import * as z from 'zod';
import { idText } from '../../catalog/ids.js';
import type { DataRecord } from '../../catalog/records.js';
import { CHANNEL, type ChangeRow, type ChangesTable } from './changesTable.js';
import type { ItemReader } from './itemReader.js';
import { type Journal, type JournalEntry, LastChanges, type SentChange } from './journal.js';

/** Milliseconds after which the table is read without being told to: a notification may be lost, and some proxies pass none on. */
const POLL = 5_000;
/** Milliseconds until a lost connection is made again, doubled each time. */
const FIRST_RETRY = 250;
const LAST_RETRY = 10_000;

const rowSchema = z.union([
  z.strictObject({ upsert: z.record(z.string(), z.unknown()) }),
  z.strictObject({ delete: z.union([z.string(), z.number()]) }),
]);

export interface TableJournalOptions {
  /** SHA-256 of the compiled catalog file. */
  readonly catalog: string;
  /** When that was read, milliseconds since 1970. */
  readonly catalogReadAt: number;
  /** Reads records as the run's catalog was read. */
  readonly reader: Pick<ItemReader, 'readAll'>;
  readonly onError: (message: string, error: unknown) => void;
  /** Milliseconds between two looks without being told (5000). */
  readonly poll?: number;
}

/** @see ChangesTable, which stays open */
export class TableJournal implements Journal {
  readonly readOnly = undefined;
  readonly catalog: string;
  onEntries: Journal['onEntries'];
  readonly #last = new LastChanges();
  #read: number;
  #accepted = 0;
  #isOpen = true;
  readonly #closing = new AbortController();
  #following: Promise<void> | undefined;
  /** Whether there may be more than was read. */
  #isAsked = false;
  /** Ends the pause of the reader. */
  #wake = () => {};

  private constructor(
    private readonly table: ChangesTable,
    private readonly options: TableJournalOptions,
    start: number,
  ) {
    this.catalog = options.catalog;
    this.#read = start;
  }

  /**
   * Reads every change that the catalog has not in it, and goes on reading.
   *
   * @throws ChangesError if the database does not answer
   */
  static async open(table: ChangesTable, options: TableJournalOptions): Promise<TableJournal> {
    const start = await table.startOf(options.catalog, options.catalogReadAt);
    const journal = new TableJournal(table, options, start);
    const client = await journal.#listen();
    try {
      await journal.#readOn(client);
    } catch (error) {
      void client.end().catch(() => {});
      throw table.refused(error);
    }
    journal.#following = journal.#follow(client);
    return journal;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get sequence(): number {
    return Math.max(this.#accepted, this.#read);
  }

  get read(): number {
    return this.#read;
  }

  entries(after = 0): JournalEntry[] {
    return this.#last.after(after);
  }

  async append(changes: readonly SentChange[]): Promise<number> {
    if (changes.length === 0) return this.sequence;
    const sequence = await this.table.append(changes);
    this.#accepted = Math.max(this.#accepted, sequence);
    this.#ask();
    return sequence;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#ask();
    await this.#following;
  }

  /** Reads whenever there may be something, over one connection after the other. */
  async #follow(connected: Client): Promise<void> {
    const { signal } = this.#closing;
    let client: Client | undefined = connected;
    let delay = FIRST_RETRY;
    while (!signal.aborted) {
      try {
        client ??= await this.#listen();
        await this.#readOn(client);
        this.#isOpen = true;
        delay = FIRST_RETRY;
        await this.#pause();
      } catch (error) {
        if (this.#isOpen && !signal.aborted)
          this.options.onError(
            'changes of items cannot be read; searches go on without them',
            this.table.refused(error),
          );
        this.#isOpen = false;
        // It may never answer.
        void client?.end().catch(() => {});
        client = undefined;
        // Not all services at the same moment.
        await setTimeout(delay * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
        delay = Math.min(2 * delay, LAST_RETRY);
      }
    }
    void client?.end().catch(() => {});
  }

  async #listen(): Promise<Client> {
    const client = await this.table.connect();
    client.on('notification', this.#ask).on('end', this.#ask);
    // Before the first reading, so that nothing comes between.
    await client.query(`LISTEN ${CHANNEL}`).catch((error: unknown) => {
      void client.end().catch(() => {});
      throw this.table.refused(error);
    });
    return client;
  }

  async #readOn(client: Client): Promise<void> {
    this.#isAsked = false;
    for (;;) {
      const rows = await this.table.rows(client, this.#read);
      if (rows.length === 0) return;
      const entries = rows.flatMap((row) => this.#entry(row) ?? []);
      for (const entry of entries) this.#last.add(entry);
      this.#read = rows[rows.length - 1].sequence;
      this.onEntries?.(entries);
    }
  }

  /** A row as a change; one that no service can read is left out by all. */
  #entry({ sequence, at, change }: ChangeRow): JournalEntry | undefined {
    try {
      const row = rowSchema.parse(JSON.parse(change));
      if ('delete' in row) return { sequence, at, change: { delete: idText(row.delete) } };
      const [upsert] = this.options.reader.readAll([row.upsert as DataRecord]);
      return { sequence, at, change: { upsert } };
    } catch (error) {
      this.options.onError(`the change of number ${sequence} cannot be read, and is left out`, error);
      return undefined;
    }
  }

  /** Until there may be something to read, or the connection has ended, as reading then tells. */
  async #pause(): Promise<void> {
    if (this.#isAsked) return;
    const { poll = POLL } = this.options;
    await new Promise<void>((resolve) => {
      const timer = globalThis.setTimeout(resolve, poll);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  readonly #ask = (): void => {
    this.#isAsked = true;
    this.#wake();
  };
}
