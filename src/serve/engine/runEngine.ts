/** Answers batches of searches over one run and its changes. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { aspectsWhenAsked } from '../../candidates/aspects.js';
import { fieldInfo } from '../../catalog/filter/fieldInfo.js';
import { FilterTable } from '../../catalog/filter/filterTable.js';
import type { Item } from '../../catalog/item.js';
import { autoOf, choiceOf } from '../../choose/choice.js';
import { encodeItems, type ItemContent } from '../../encode/encoder.js';
import { InputError } from '../../errors.js';
import { lazyMap } from '../../lazyArray.js';
import { lexiconOf } from '../../lexical/lexicon.js';
import { gatherRows, type Matrix, row } from '../../matrix.js';
import {
  directionsOfItems,
  fanOutsOf,
  findSets,
  missingPart,
  usualDiversity,
} from '../../retrieve/findSets.js';
import { type LoadedRun, type LoadRetrieverOptions, loadRun } from '../../retrieve/loadRun.js';
import type { FindOptions, MethodSpace } from '../../retrieve/method.js';
import { METHOD_NAMES } from '../../retrieve/methodNames.js';
import { answerer } from '../../retrieve/methods.js';
import {
  checkRequest,
  findOptionsOf,
  meantMethod,
  passingItems,
  passingRows,
} from '../../retrieve/request.js';
import { reasonsOf } from '../../retrieve/why.js';
import { type AppliedChange, LiveCatalog } from '../changes/liveCatalog.js';
import { problemOf } from '../http/problem.js';
import type { CatalogMap, Info } from '../http/schemas.js';
import { Answers } from './answers.js';
import type {
  BatchAnswer,
  CatalogState,
  Engine,
  EngineFacts,
  ItemChange,
  JobResult,
  SearchJob,
} from './engine.js';
import { provenanceOf } from './provenance.js';
import { refusingFilters } from './refusedFilter.js';

/** Masks remembered until the next change: requests repeat their filters. */
const MASKS = 64;
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
  readonly #answers: Answers;
  #masks = new Map<string, Uint8Array | undefined>();
  #today: MethodSpace | undefined;
  /** Of the items as they are now; made when first needed. */
  #filters: FilterTable | undefined;
  #fields: Info['catalog']['fields'] | undefined;
  /** Calls take turns: a change between two steps of a search would mix two catalogs. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly loaded: LoadedRun,
    readonly facts: EngineFacts,
    private readonly imageFolders: readonly string[],
    runtime: LoadRetrieverOptions,
  ) {
    this.#catalog = new LiveCatalog(loaded.workspace, runtime);
    this.#answers = new Answers(this.#catalog, loaded.workspace);
  }

  /** @throws InputError if the folder holds no run that can be searched */
  static async load(folder: string, options: LoadRetrieverOptions = {}): Promise<RunEngine> {
    const loaded = await loadRun(folder, options);
    const { run, workspace, space } = loaded;
    const { k, diffusion } = space;
    const encode = run.stageDone('encode');
    const choice = choiceOf(run);
    const facts: EngineFacts = {
      run: await provenanceOf(run),
      catalog: run.manifest.catalog.sha256,
      catalogReadAt: Date.parse(encode?.finishedAt ?? '') - 1000 * (encode?.seconds ?? 0),
      compiledItems: workspace.items.length,
      k,
      method: space.usual,
      ...(choice && { auto: autoOf(choice) }),
      steps: diffusion?.steps ?? null,
      dimensions: workspace.vectors.cols,
      encoder: run.manifest.encoder,
      methods: METHOD_NAMES.map((method) => {
        const missing = missingPart(space, method);
        const diversity = usualDiversity(space, method);
        return {
          method,
          ...(missing !== undefined && { missing }),
          ...(diversity !== undefined && { diversity }),
        };
      }),
    };
    const imageFolders = [process.cwd(), dirname(resolve(run.manifest.catalog.file)), run.folder];
    return new RunEngine(loaded, facts, imageFolders, options);
  }

  search(jobs: readonly SearchJob[], milliseconds: number): Promise<BatchAnswer> {
    return this.#inTurn(() => this.#search(jobs, AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds)))));
  }

  apply(changes: readonly ItemChange[]): Promise<CatalogState> {
    return this.#inTurn(async () => {
      const items = changes.flatMap((change) => ('upsert' in change ? [change.upsert] : []));
      const vectors = await encodeItems(this.loaded.workspace.encoder, items.map(sentContent));
      let next = 0;
      const ready = changes.map((change): AppliedChange => {
        if ('delete' in change) return change;
        return { item: change.upsert, vector: row(vectors, next++) };
      });
      await this.#catalog.apply(ready);
      this.#masks.clear();
      this.#today = undefined;
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
    return this.#inTurn(async () => this.#answers.map(limit));
  }

  async imageFile(id: string): Promise<string | undefined> {
    const image = this.#answers.localImage(this.#catalog.item(id));
    if (image === undefined) return undefined;
    return this.imageFolders.map((folder) => resolve(folder, image)).find((file) => existsSync(file));
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.loaded.release();
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
      const vectors = await this.loaded.workspace.encoder.encode(texts, { signal });
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
    const space = this.#space();
    const {
      query: _query,
      directions: _directions,
      reference: _reference,
      text: _text,
      fanout,
      ...asked
    } = group[0].job;
    const request = { ...asked, method: meantMethod(space, asked.method) };
    const missing = missingPart(space, request.method);
    if (fanout && missing !== undefined) {
      for (const { place } of group) results[place] = { missing };
      return;
    }
    const method = missing === undefined ? request.method : 'plain';
    let find: FindOptions;
    try {
      const mask = this.#mask(request);
      checkRequest(missing === undefined ? request : { ...request, method, diversity: undefined });
      const { k, items } = space;
      find = { ...findOptionsOf({ k, items, filters: this.#filterTable() }, request, mask), signal };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const refused = { problem: problemOf(error), field: error.field };
      for (const { place } of group) results[place] = { refused };
      return;
    }
    const queries = {
      texts: group.map(({ job }) => job.query),
      vectors: gatherRows(
        all,
        group.map(({ row }) => row),
      ),
    };
    const started = performance.now();
    const fanOuts = await fanOutsOf(space, method, queries, find);
    clock.directions += performance.now() - started;
    const searching = performance.now();
    const answered = { space, method, missing, mask: find.mask, ...passingItems(find) };
    if (fanout) {
      const directed = fanOuts ?? (await directionsOfItems(space, method, queries, find));
      for (const [i, { job, place }] of group.entries())
        results[place] = { fanout: await this.#answers.fanout(job, answered, directed[i]) };
    } else {
      const sets = await findSets(space, method, queries, find, fanOuts);
      const reasons = await reasonsOf(answerer(space, method), space, queries, sets);
      for (const [i, { job, place }] of group.entries()) {
        const vector = row(queries.vectors, i);
        results[place] = { set: await this.#answers.set(job, answered, sets[i], vector, reasons[i]) };
      }
    }
    clock.search += performance.now() - searching;
  }

  /**
   * What methods search: models and labels know the catalog that they were compiled with; what they find is searched for in
   * today's.
   */
  #space(): MethodSpace {
    const { items, vectors, index } = this.#catalog.workspace;
    const { space, config } = this.loaded;
    this.#today ??= {
      ...space,
      items,
      vectors,
      index,
      lexicon: lexiconOf(items),
      aspects: aspectsWhenAsked(items, vectors, { field: config.catalog.aspect }),
    };
    return this.#today;
  }

  #mask({ filter, exclude }: Pick<SearchJob, 'filter' | 'exclude'>): Uint8Array | undefined {
    const key = JSON.stringify([filter, exclude]);
    if (this.#masks.has(key)) return this.#masks.get(key);
    const { items, vectors } = this.#catalog.workspace;
    const filters = this.#filterTable();
    const rows = { items, vectors, alive: this.#catalog.alive, filters };
    const mask = refusingFilters(filter, filters, () => passingRows(rows, { filter, exclude }));
    if (this.#masks.size >= MASKS) this.#masks.clear();
    this.#masks.set(key, mask);
    return mask;
  }

  /** What a field is, is decided by the items that can be found; what only others had is known, and finds nothing. */
  #filterTable(): FilterTable {
    if (!this.#filters) {
      const { items, ownNames } = this.#catalog.workspace;
      const alive = this.#catalog.alive?.slice();
      const living = alive
        ? lazyMap(items, (item, i): Item | undefined => (alive[i] === 0 ? undefined : item))
        : items;
      const dead = alive ? Array.from(alive.keys()).filter((i) => alive[i] === 0) : [];
      const gone = dead.map((i) => items[i]);
      this.#filters = new FilterTable(living, ownNames, gone);
    }
    return this.#filters;
  }
}

/** What is encoded of an item that a request brings: its picture only if that is in the request, not a file or address of this machine. */
function sentContent({ text, image }: Item): ItemContent {
  return image?.startsWith('data:') ? { text, image } : { text };
}

/** Jobs with the same settings share the calls of model and index. */
function bySettings(jobs: readonly Placed[]): Iterable<Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const placed of jobs) {
    const { query: _, directions: _directions, reference: _reference, text: _text, ...settings } = placed.job;
    const key = JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
    const group = groups.get(key);
    if (group) group.push(placed);
    else groups.set(key, [placed]);
  }
  return groups.values();
}
