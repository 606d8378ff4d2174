/** Answers batches of searches over one run and its changes. */
import { existsSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { FilterTable } from '../../catalog/filter/filterTable.js';
import type { Item } from '../../catalog/item.js';
import { InputError } from '../../errors.js';
import { setMetrics } from '../../evaluate/setMetrics.js';
import { evenly } from '../../evenly.js';
import { gatherRows, type Matrix, row, rowRange } from '../../matrix.js';
import { findSets, makeFanOuts, missingModel, type QueryFanOuts } from '../../retrieve/findSets.js';
import { type LoadRetrieverOptions, loadRetrieverParts } from '../../retrieve/loadRetriever.js';
import type { RetrievedSet } from '../../retrieve/methods.js';
import { METHODS, type RetrieverParts } from '../../retrieve/retriever.js';
import { RunFolder } from '../../run/runFolder.js';
import { type AppliedChange, LiveCatalog } from '../changes/liveCatalog.js';
import { problemOf } from '../http/problem.js';
import type { CatalogMap, Direction, FoundItem, Info } from '../http/schemas.js';
import type {
  BatchAnswer,
  CatalogState,
  Engine,
  EngineFacts,
  ItemChange,
  JobResult,
  SearchJob,
} from './engine.js';
import { fieldInfo } from './fieldInfo.js';
import { fitPlane, type Plane, placeOf, placesOf } from './plane.js';
import { provenanceOf } from './provenance.js';

/** Masks remembered until the next change: requests repeat their filters. */
const MASKS = 64;
/** Pictures a browser shows. */
const PICTURES = new Set(['.svg', '.png', '.jpg', '.jpeg', '.gif', '.webp', '.avif']);

/** A job with the row of its query in the batch. */
interface Placed {
  readonly job: SearchJob;
  /** Where its result goes. */
  readonly place: number;
  readonly row: number;
}

interface Clock {
  directions: number;
  search: number;
}

/** @see Engine */
export class RunEngine implements Engine {
  readonly #catalog: LiveCatalog;
  readonly #plane: Plane;
  #masks = new Map<string, Uint8Array>();
  /** Of the items as they are now; made when first needed. */
  #filters: FilterTable | undefined;
  #fields: Info['catalog']['fields'] | undefined;
  /** Calls take turns: a change between two steps of a search would mix two catalogs. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly parts: RetrieverParts,
    readonly facts: EngineFacts,
    private readonly imageFolders: readonly string[],
    runtime: LoadRetrieverOptions,
  ) {
    this.#catalog = new LiveCatalog(parts.workspace, runtime);
    this.#plane = fitPlane(parts.workspace.vectors);
  }

  /** @throws InputError if the folder holds no run that can be searched */
  static async load(folder: string, options: LoadRetrieverOptions = {}): Promise<RunEngine> {
    const run = await RunFolder.open(folder);
    const parts = await loadRetrieverParts(folder, options);
    const { workspace, k, diffusion } = parts;
    const encode = run.stageDone('encode');
    const facts: EngineFacts = {
      run: await provenanceOf(run),
      catalog: run.manifest.catalog.sha256,
      catalogReadAt: Date.parse(encode?.finishedAt ?? '') - 1000 * (encode?.seconds ?? 0),
      compiledItems: workspace.items.length,
      k,
      steps: diffusion?.steps ?? null,
      dimensions: workspace.vectors.cols,
      encoder: run.manifest.encoder,
      methods: METHODS.map((method) => {
        const missing = missingModel(parts, method);
        return { method, ...(missing !== undefined && { missing }) };
      }),
    };
    const imageFolders = [process.cwd(), dirname(resolve(run.manifest.catalog.file))];
    return new RunEngine(parts, facts, imageFolders, options);
  }

  search(jobs: readonly SearchJob[], milliseconds: number): Promise<BatchAnswer> {
    return this.#inTurn(() => this.#search(jobs, AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds)))));
  }

  apply(changes: readonly ItemChange[]): Promise<CatalogState> {
    return this.#inTurn(async () => {
      const items = changes.flatMap((change) => ('upsert' in change ? [change.upsert] : []));
      const vectors = await this.parts.workspace.encoder.encode(items.map(({ text }) => text));
      let next = 0;
      const ready = changes.map((change): AppliedChange => {
        if ('delete' in change) return change;
        return { item: change.upsert, vector: row(vectors, next++) };
      });
      await this.#catalog.apply(ready);
      this.#masks.clear();
      this.#filters = undefined;
      this.#fields = undefined;
      return this.#state();
    });
  }

  state(): Promise<CatalogState> {
    return this.#inTurn(() => this.#state());
  }

  fields(): Promise<Info['catalog']['fields']> {
    return this.#inTurn(async () => {
      this.#fields ??= fieldInfo(this.#filterTable());
      return this.#fields;
    });
  }

  map(limit: number): Promise<CatalogMap> {
    return this.#inTurn(async () => {
      const { items, vectors } = this.#catalog.workspace;
      const living = this.#catalog.livingRows();
      const rows = evenly(living, limit);
      const categories = new Map<string, number>();
      const category = rows.map((i) => {
        const name = items[i].category;
        if (name === undefined) return -1;
        const known = categories.get(name) ?? categories.size;
        categories.set(name, known);
        return known;
      });
      return {
        ids: rows.map((i) => items[i].id),
        titles: rows.map((i) => items[i].title),
        points: placesOf(this.#plane, vectors, rows),
        categories: [...categories.keys()],
        category,
        items: living.length,
        explained: this.#plane.explained,
      };
    });
  }

  async imageFile(id: string): Promise<string | undefined> {
    const image = this.#localImage(this.#catalog.item(id));
    if (image === undefined) return undefined;
    return this.imageFolders.map((folder) => resolve(folder, image)).find((file) => existsSync(file));
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.parts.diffusion?.release();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #state(): Promise<CatalogState> {
    return { items: this.#catalog.size, drift: await this.#catalog.drift() };
  }

  async #search(jobs: readonly SearchJob[], signal: AbortSignal): Promise<BatchAnswer> {
    const results = new Array<JobResult>(jobs.length).fill({ late: true });
    const clock = { directions: 0, search: 0 };
    const started = performance.now();
    const texts = [...new Set(jobs.map(({ query }) => query))];
    const rowOf = new Map(texts.map((text, i) => [text, i]));
    let encode = 0;
    try {
      const vectors = await this.parts.workspace.encoder.encode(texts, { signal });
      encode = performance.now() - started;
      const placed = jobs.map((job, place) => ({ job, place, row: rowOf.get(job.query)! }));
      for (const group of bySettings(placed)) {
        signal.throwIfAborted();
        await this.#answer(group, vectors, { signal, clock, results });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return { results, timings: { encode, ...clock } };
  }

  /** Answers jobs that differ in their queries only, with one call of model and index. */
  async #answer(
    group: readonly Placed[],
    all: Matrix,
    { signal, clock, results }: { signal: AbortSignal; clock: Clock; results: JobResult[] },
  ): Promise<void> {
    const { method: wanted, k = this.parts.k, steps, seed, filter = [], fanout } = group[0].job;
    const missing = missingModel(this.parts, wanted);
    if (fanout && missing !== undefined) {
      for (const { place } of group) results[place] = { missing };
      return;
    }
    let mask: Uint8Array | undefined;
    try {
      mask = this.#mask(filter);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const refused = {
        problem: error.field === 'filter' ? problemOf(error) : error.message,
        field: 'filter',
      };
      for (const { place } of group) results[place] = { refused };
      return;
    }
    const method = missing === undefined ? wanted : 'plain';
    const queries = {
      texts: group.map(({ job }) => job.query),
      vectors: gatherRows(
        all,
        group.map(({ row }) => row),
      ),
    };
    const parts = { ...this.parts, workspace: this.#catalog.workspace };
    const started = performance.now();
    // Models know the catalog that they were compiled with; what they find is searched for in today's.
    const fanOuts = await makeFanOuts(this.parts, method, queries, { k, steps, seed, signal });
    clock.directions += performance.now() - started;
    const searching = performance.now();
    if (fanout && fanOuts) {
      const directions = await this.#describe(fanOuts.directions, fanOuts.subQueries?.flat(), mask);
      group.forEach(({ job, place }, i) => {
        const first = i * fanOuts.perQuery;
        const own = directions.slice(first, first + fanOuts.perQuery).map((direction, j) => ({
          ...direction,
          vector: Array.from(row(fanOuts.directions, first + j), (x) => Number(x.toPrecision(7))),
        }));
        results[place] = {
          fanout: { query: job.query, method: method as 'diffusion' | 'folm', directions: own },
        };
      });
    } else {
      const sets = await findSets(parts, method, queries, fanOuts, { k, mask });
      const described = await this.#describeAll(group, sets, fanOuts, mask);
      group.forEach(({ job, place }, i) => {
        const subQueries = fanOuts?.subQueries?.[i];
        const query = row(queries.vectors, i);
        const set = sets[i];
        results[place] = {
          set: {
            query: job.query,
            method,
            ...(missing !== undefined && { fallback: missing }),
            items: this.#found(set, subQueries),
            metrics: this.#measure(set, query),
            ...(described[i] && { point: placeOf(this.#plane, query), directions: described[i] }),
          },
        };
      });
    }
    clock.search += performance.now() - searching;
  }

  /** Descriptions of the directions of those jobs that want them. */
  async #describeAll(
    group: readonly Placed[],
    sets: readonly RetrievedSet[],
    fanOuts: QueryFanOuts | undefined,
    mask: Uint8Array | undefined,
  ): Promise<(Direction[] | undefined)[]> {
    const described: (Direction[] | undefined)[] = [];
    for (const [i, { job }] of group.entries()) {
      const own = job.directions
        ? await this.#describe(sets[i].directions, fanOuts?.subQueries?.[i], mask)
        : undefined;
      described.push(own);
    }
    return described;
  }

  async #describe(
    directions: Matrix,
    subQueries: readonly string[] | undefined,
    mask: Uint8Array | undefined,
  ): Promise<Direction[]> {
    const { index, items } = this.#catalog.workspace;
    const { indices, scores } = await index.search(directions, { k: 1, mask });
    return Array.from(indices, (nearest, i) => ({
      ...(subQueries && { subQuery: subQueries[i] }),
      ...(nearest >= 0 && {
        nearest: { id: items[nearest].id, title: items[nearest].title, score: rounded(scores[i]) },
      }),
      point: placeOf(this.#plane, row(directions, i)),
    }));
  }

  /** Deleted items have no values: what a field is, is decided by those that can be found. */
  #filterTable(): FilterTable {
    if (!this.#filters) {
      const { items, ownNames } = this.#catalog.workspace;
      const living = new Array<Item | undefined>(items.length).fill(undefined);
      for (const i of this.#catalog.livingRows()) living[i] = items[i];
      this.#filters = new FilterTable(living, ownNames);
    }
    return this.#filters;
  }

  #mask(filter: NonNullable<SearchJob['filter']>): Uint8Array | undefined {
    if (Array.isArray(filter) && filter.length === 0) return undefined;
    const key = JSON.stringify(filter);
    let mask = this.#masks.get(key);
    if (!mask) {
      mask = this.#filterTable().mask(filter);
      if (this.#masks.size >= MASKS) this.#masks.clear();
      this.#masks.set(key, mask);
    }
    return mask;
  }

  #found({ assigned }: RetrievedSet, subQueries: readonly string[] | undefined): FoundItem[] {
    const { items } = this.#catalog.workspace;
    return assigned.map(({ item, score, rank, direction }) => {
      const { id, title, category, metadata } = items[item];
      const image = this.#imageUrl(items[item]);
      return {
        id,
        title,
        score: rounded(score),
        rank,
        direction,
        ...(subQueries && { subQuery: subQueries[direction] }),
        ...(image !== undefined && { image }),
        ...(category !== undefined && { category }),
        metadata: metadata as FoundItem['metadata'],
      };
    });
  }

  #measure({ directions, assigned }: RetrievedSet, query: Float32Array) {
    const { vectors } = this.#catalog.workspace;
    const items = gatherRows(
      vectors,
      assigned.map(({ item }) => item),
    );
    const used =
      directions.rows === 1
        ? rowRange(directions, 0, 1)
        : gatherRows(
            directions,
            assigned.map(({ direction }) => direction),
          );
    const { groundedness, diversity, vendi, alignment } = setMetrics({ items, query, directions: used });
    return {
      groundedness: rounded(groundedness),
      diversity: rounded(diversity),
      vendi: rounded(vendi),
      alignment: rounded(alignment),
    };
  }

  #imageUrl(item: Item): string | undefined {
    if (/^(https?|data):/i.test(item.image ?? '')) return item.image;
    return this.#localImage(item) === undefined
      ? undefined
      : `/v1/items/${encodeURIComponent(item.id)}/image`;
  }

  /** The picture's file name. Not that of a changed item: who may change items may not read this machine's files. */
  #localImage(item: Item | undefined): string | undefined {
    if (item?.image === undefined || this.#catalog.isChanged(item.id)) return undefined;
    return PICTURES.has(extname(item.image).toLowerCase()) ? item.image : undefined;
  }
}

/** Jobs with the same settings share the calls of model and index. */
function bySettings(jobs: readonly Placed[]): Iterable<Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const placed of jobs) {
    const { method, k, steps, seed, filter, fanout } = placed.job;
    const key = JSON.stringify([method, k, steps, seed, filter, fanout]);
    const group = groups.get(key);
    if (group) group.push(placed);
    else groups.set(key, [placed]);
  }
  return groups.values();
}

const rounded = (x: number): number => Math.round(x * 1e6) / 1e6;
