/** What was found, as the service says it: items, metrics, directions, places on the map. */
import { extname } from 'node:path';
import type { Item } from '../../catalog/item.js';
import { setMetrics } from '../../evaluate/setMetrics.js';
import { evenly } from '../../evenly.js';
import { gatherRows, row } from '../../matrix.js';
import { numbered } from '../../numbered.js';
import type { MethodSpace, QueryFanOut, RetrievedSet } from '../../retrieve/method.js';
import type { Method } from '../../retrieve/methodNames.js';
import { isNonsense } from '../../retrieve/nonsense.js';
import { type SetItem, setItems } from '../../retrieve/setRetriever.js';
import type { Reasons } from '../../retrieve/why.js';
import type { Workspace } from '../../run/workspace.js';
import type { LiveCatalog } from '../changes/liveCatalog.js';
import type {
  CatalogMap,
  Direction,
  FanoutMethod,
  FoundItem,
  Reference,
  ResultMetrics,
  SetResult,
} from '../http/schemas.js';
import type { FanoutResult, SearchJob } from './engine.js';
import { fitPlane, type Plane, placeOf, placesOf } from './plane.js';
import { type ReferenceOf, referencesOf } from './references.js';

/** Pictures a browser shows. */
const PICTURES = new Set(['.svg', '.png', '.jpg', '.jpeg', '.gif', '.webp', '.avif']);

/** How jobs were answered that differ in their queries only. */
export interface Answered {
  readonly space: MethodSpace;
  /** The method that answered. */
  readonly method: Method;
  /** What the method asked for lacks, where plain search answered for it. */
  readonly missing?: string;
  /** One byte a row, 1 = could be found (all). */
  readonly mask?: Uint8Array;
  /** Items that pass the filter, where there is one. */
  readonly passing?: number;
}

/** Answers over a catalog as it is when they are given. */
export class Answers {
  /** Of the compiled items: changes do not move the map. */
  readonly #plane: Plane;
  /** Worked out when first asked for. */
  #references: ReferenceOf | undefined;

  constructor(
    private readonly catalog: LiveCatalog,
    private readonly compiled: Workspace,
  ) {
    this.#plane = fitPlane(compiled.vectors);
  }

  /** @param vector of the job's query */
  async set(
    job: SearchJob,
    { space, method, missing, mask, passing }: Answered,
    set: RetrievedSet,
    vector: Float32Array,
    why: Reasons,
  ): Promise<SetResult> {
    const { query, minScore = -1 } = job;
    const unknown = await isNonsense(space, { text: query, vector });
    const found = unknown ? [] : setItems(space, set, vector, why);
    const kept = found.filter(({ score }) => score >= minScore);
    const directions = job.directions ? await this.#directions(set, mask) : undefined;
    const reference = job.reference ? this.#reference(query) : undefined;
    return {
      query,
      method,
      ...(missing !== undefined && { fallback: missing }),
      ...(unknown && { unknown }),
      ...(passing !== undefined && { passing }),
      items: kept.map((item) => this.#item(item, job.text)),
      metrics: this.#metrics(kept, vector),
      ...(directions && { point: placeOf(this.#plane, vector), directions }),
      ...(reference && { reference }),
    };
  }

  /** The directions with their vectors, of a method that makes some. */
  async fanout({ query }: SearchJob, { method, mask }: Answered, fanOut: QueryFanOut): Promise<FanoutResult> {
    const directions = (await this.#directions(fanOut, mask)).map((direction, i) => ({
      ...direction,
      vector: Array.from(row(fanOut.directions, i), (x) => Number(x.toPrecision(7))),
    }));
    return { query, method: method as FanoutMethod, directions };
  }

  /** At most `limit` items in the plane. */
  map(limit: number): CatalogMap {
    const { items, vectors } = this.catalog.workspace;
    const living = this.catalog.livingRows();
    const rows = evenly(living, limit);
    const categories = numbered(rows, rows.length, (i) => items[i].category);
    return {
      ids: rows.map((i) => items[i].id),
      titles: rows.map((i) => items[i].title),
      points: placesOf(this.#plane, vectors, rows),
      categories: [...categories.values],
      category: [...categories.numbers],
      items: living.length,
      explained: this.#plane.explained,
    };
  }

  /** The picture's file name. Not that of a changed item: who may change items may not read this machine's files. */
  localImage(item: Item | undefined): string | undefined {
    if (item?.image === undefined || this.catalog.isChanged(item.id)) return undefined;
    return PICTURES.has(extname(item.image).toLowerCase()) ? item.image : undefined;
  }

  /** What is not told is undefined, which JSON leaves out: taking it away would make a slower object. */
  #item(item: SetItem, withText = false): FoundItem {
    return {
      ...item,
      text: withText ? item.text : undefined,
      image: this.#imageUrl(this.catalog.item(item.id)),
      score: rounded(item.score),
      directionScore: rounded(item.directionScore),
      sharedWords: [...item.sharedWords],
      metadata: item.metadata as FoundItem['metadata'],
    };
  }

  #imageUrl(item: Item | undefined): string | undefined {
    if (item === undefined) return undefined;
    if (/^(https?|data):/i.test(item.image ?? '')) return item.image;
    return this.localImage(item) === undefined ? undefined : `/v1/items/${encodeURIComponent(item.id)}/image`;
  }

  /** What embeddings say of a set; see `setMetrics`. */
  #metrics(found: readonly SetItem[], query: Float32Array): ResultMetrics {
    const rows = found.map(({ id }) => this.catalog.rowOf(id)!);
    const items = gatherRows(this.catalog.workspace.vectors, rows);
    const { diversity, vendi, alignment } = setMetrics({ items, query });
    return { alignment: rounded(alignment), diversity: rounded(diversity), vendi: rounded(vendi) };
  }

  /** Those of the query's reference set that can be found today. */
  #reference(query: string): Reference | undefined {
    this.#references ??= referencesOf(this.compiled);
    const found = this.#references(query);
    return found && { ...found, items: found.items.filter((id) => this.catalog.rowOf(id) !== undefined) };
  }

  async #directions({ directions, subQueries }: QueryFanOut, mask?: Uint8Array): Promise<Direction[]> {
    const { index, items } = this.catalog.workspace;
    const { indices, scores } = await index.search(directions, { k: 1, mask });
    return Array.from(indices, (nearest, i) => ({
      ...(subQueries && { subQuery: subQueries[i] }),
      ...(nearest >= 0 && {
        nearest: { id: items[nearest].id, title: items[nearest].title, score: rounded(scores[i]) },
      }),
      point: placeOf(this.#plane, row(directions, i)),
    }));
  }
}

const rounded = (x: number): number => Math.round(x * 1e6) / 1e6;
