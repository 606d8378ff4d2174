/** What r4t asks of a search engine, and what it stores there. */
import type { FilterPlan } from '../../catalog/filter/filterPlan.js';
import { InputError } from '../../errors.js';
import type { Matrix } from '../../matrix.js';

/** An item as an engine holds it. */
export interface EngineDocument {
  readonly id: string;
  /** Unit vector [dim]. */
  readonly vector: Float32Array;
  readonly title: string;
  readonly text: string;
  /** What filters find it by, see `termOf`. */
  readonly terms: readonly string[];
  /** Numbers and, as milliseconds since 1970, dates, by `numberName` of their field. */
  readonly numbers: Readonly<Record<string, number>>;
  /** The push that brought it, see `removeOthers`. */
  readonly version: string;
}

/** What a collection is made for. */
export interface EngineSchema {
  readonly dim: number;
  /** Fields with numbers, by `numberName`. */
  readonly numbers: readonly string[];
  /** The language of an index of words over the texts, by a name that the engine knows; absent: none is made. */
  readonly words?: string;
}

export interface EngineInfo {
  readonly documents: number;
  readonly dim: number;
  /** Whether it has an index of words, so that `searchWords` can be asked. */
  readonly words?: boolean;
}

export interface EngineSearchOptions {
  /** Hits a direction. */
  readonly k: number;
  /** Only documents which pass. `unknown` parts may pass too many; the asker looks again. */
  readonly filter?: FilterPlan;
}

/** A document that has words of a text. */
export interface WordHit {
  readonly id: string;
  /** Not negative, the larger the better; scales differ between engines. */
  readonly score: number;
}

/** A collection of a search engine. Every method rejects with an `IndexError`, or an `InputError` for what the user can put right. */
export interface SearchEngine {
  /** For messages: kind, address without secrets, and collection. */
  readonly name: string;
  /** Most hits a direction that the engine gives. */
  readonly maxK: number;
  /** Documents of one `upsert` that it takes well. */
  readonly batch: number;
  /** Makes the collection, if there is none, and its index of words, if there is to be one. */
  create(schema: EngineSchema): Promise<void>;
  /** What the collection holds, all or what one push brought; undefined where there is none. */
  info(version?: string): Promise<EngineInfo | undefined>;
  /** Adds or replaces by id; when it resolves, they are durable and the next search sees them. */
  upsert(documents: readonly EngineDocument[]): Promise<void>;
  /** Removes by id; one that is not there is no error. */
  remove(ids: readonly string[]): Promise<void>;
  /** Removes what other pushes brought. */
  removeOthers(version: string): Promise<void>;
  /** After many changes: builds an approximate index where the engine wants to be told, and rows enough make it worth while. */
  optimize(): Promise<void>;
  /** `directions` [n, dim], unit rows -> ids of the nearest for each, best first. */
  search(directions: Matrix, options: EngineSearchOptions): Promise<string[][]>;
  /** The documents that have any word of each text, best first, for engines that have an index of words. */
  searchWords?(texts: readonly string[], options: EngineSearchOptions): Promise<WordHit[][]>;
  /** Deletes the collection. */
  drop(): Promise<void>;
  close(): Promise<void>;
}

/** Rows below which all are looked at: exact, and as quick. */
export const APPROXIMATE_FROM = 10_000;

/** A field's name as engines take it as a column: letters, digits and `_`; others by their code, `_20_`. */
export const numberName = (field: string): string =>
  field.replace(/[^A-Za-z0-9]/g, (sign) => `_${sign.codePointAt(0)!.toString(16)}_`);

/** Vectors of one length are what engines are made for; some would take others and never find them. @throws InputError */
export function checkLength(name: string, dim: number, documents: readonly EngineDocument[]): void {
  const wrong = documents.find(({ vector }) => vector.length !== dim);
  if (!wrong) return;
  throw new InputError(`${name} holds vectors of length ${dim}, got one of ${wrong.vector.length}`, {
    field: 'index',
  });
}
