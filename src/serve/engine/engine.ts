/** What answers searches: a run with its changes, in this thread or in a worker. */
import type { Item } from '../../catalog/item.js';
import type { AskableMethod, Method, SetRequest } from '../../retrieve/retriever.js';
import type { CatalogMap, Drift, FanoutResponse, Info, RunProvenance, SetResult } from '../http/schemas.js';

/** One query by one method; the unit that is batched. */
export interface SearchJob extends SetRequest {
  readonly query: string;
  /** `auto` where absent. */
  readonly method?: AskableMethod;
  /** Say where was looked. */
  readonly directions?: boolean;
  /** Give the text of every item. */
  readonly text?: boolean;
  /** Say what people chose, where the query is one of the run's own. */
  readonly reference?: boolean;
  /** Directions with their vectors instead of a set of items; only for methods which make directions. */
  readonly fanout?: boolean;
}

export type FanoutResult = FanoutResponse['results'][number];

/** The answer to a job; one that cannot be answered does not disturb the others of its batch. */
export type JobResult =
  | { readonly set: SetResult }
  | { readonly fanout: FanoutResult }
  | { readonly refused: { readonly problem: string; readonly field?: string } }
  | { readonly missing: string }
  | { readonly late: true };

export interface BatchAnswer {
  /** In the order of the jobs. */
  readonly results: readonly JobResult[];
  /** Milliseconds of the batch. */
  readonly timings: { readonly encode: number; readonly directions: number; readonly search: number };
}

/** An item to add or replace, or the id of one to delete. */
export type ItemChange = { readonly upsert: Item } | { readonly delete: string };

/** What changes tell about the catalog. */
export interface CatalogState {
  /** Items that can be found. */
  readonly items: number;
  readonly drift: Drift;
}

/** What stays the same as long as an engine lives. */
export interface EngineFacts {
  readonly run: RunProvenance;
  /** SHA-256 of the catalog file the run was compiled from. */
  readonly catalog: string;
  /** When the catalog was read, milliseconds since 1970. */
  readonly catalogReadAt: number;
  readonly compiledItems: number;
  readonly k: number;
  readonly steps: number | null;
  readonly dimensions: number;
  readonly encoder: string;
  readonly methods: Info['methods'];
  /** The method behind `auto`, and of a request that names none. */
  readonly method: Method;
  /** Why it is that one, where methods have been compared. */
  readonly auto?: Info['auto'];
}

/** Calls may overlap; they are done one after the other, in their order. */
export interface Engine {
  readonly facts: EngineFacts;
  /** Answers jobs together. What is not done after `milliseconds` comes back as `late`. */
  search(jobs: readonly SearchJob[], milliseconds: number): Promise<BatchAnswer>;
  /** Embeds and applies changes; searches see them when it resolves. */
  apply(changes: readonly ItemChange[]): Promise<CatalogState>;
  state(): Promise<CatalogState>;
  /** The fields of the items, for filters. */
  fields(): Promise<Info['catalog']['fields']>;
  /** At most `limit` items in the plane of the two first principal components. */
  map(limit: number): Promise<CatalogMap>;
  /** The picture of a compiled item that is a file on this machine. */
  imageFile(id: string): Promise<string | undefined>;
  close(): Promise<void>;
}
