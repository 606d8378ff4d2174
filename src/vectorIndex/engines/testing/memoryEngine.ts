import { IndexError } from '../../../errors.js';
import { Bm25 } from '../../../lexical/bm25.js';
import { dot, row } from '../../../matrix.js';
import { compileFilter, type Dialect } from '../compileFilter.js';
import { checkLength, type EngineDocument, type SearchEngine } from '../searchEngine.js';

type Test = (document: EngineDocument) => boolean;

const DIALECT: Dialect<Test> = {
  any: (terms) => {
    const wanted = new Set(terms);
    return (document) => document.terms.some((term) => wanted.has(term));
  },
  range: (number, from, to) => (document) =>
    document.numbers[number] >= from && document.numbers[number] <= to,
  and: (parts) => (document) => parts.every((part) => part(document)),
  or: (parts) => (document) => parts.some((part) => part(document)),
  not: (part) => (document) => !part(document),
};

export interface MemoryEngine extends SearchEngine {
  readonly documents: ReadonlyMap<string, EngineDocument>;
  /** Upserts since it was made. */
  readonly batches: number;
  /** Every call is refused from now on, or no more. */
  refuse(isGone: boolean): void;
}

/** The least that is an engine: it looks at every document. */
export function memoryEngine({ batch = 500 } = {}): MemoryEngine {
  const name = 'memory://here/items';
  const documents = new Map<string, EngineDocument>();
  let dim: number | undefined;
  let words = false;
  /** Of the documents as they are now. */
  let bm25: Bm25 | undefined;
  let batches = 0;
  let isGone = false;
  const check = () => {
    if (isGone) throw new IndexError(`${name} cannot be reached`);
  };
  return {
    name,
    batch,
    maxK: 100_000,
    documents,
    get batches() {
      return batches;
    },
    refuse(gone) {
      isGone = gone;
    },
    async create(schema) {
      check();
      dim ??= schema.dim;
      words ||= schema.words !== undefined;
    },
    async info(version) {
      check();
      const held = [...documents.values()].filter((one) => version === undefined || one.version === version);
      return dim === undefined ? undefined : { documents: held.length, dim, words };
    },
    async upsert(some) {
      check();
      checkLength(name, dim ?? 0, some);
      batches++;
      bm25 = undefined;
      for (const document of some) documents.set(document.id, document);
    },
    async remove(ids) {
      bm25 = undefined;
      for (const id of ids) documents.delete(id);
    },
    async removeOthers(version) {
      bm25 = undefined;
      for (const [id, document] of documents) if (document.version !== version) documents.delete(id);
    },
    async optimize() {},
    async search(directions, { k, filter }) {
      check();
      const passes = filter ? compileFilter(filter, DIALECT) : true;
      const passing = [...documents.values()].filter((document) =>
        typeof passes === 'boolean' ? passes : passes(document),
      );
      return Array.from({ length: directions.rows }, (_, i) => {
        const scored = passing.map(({ id, vector }) => ({ id, score: dot(vector, row(directions, i)) }));
        scored.sort((a, b) => b.score - a.score);
        return scored.slice(0, k).map(({ id }) => id);
      });
    },
    async searchWords(texts, { k, filter }) {
      check();
      const passes = filter ? compileFilter(filter, DIALECT) : true;
      const held = [...documents.values()];
      bm25 ??= Bm25.of(held);
      const lexicon = bm25;
      const mask = Uint8Array.from(held, (one) => Number(typeof passes === 'boolean' ? passes : passes(one)));
      return texts.map((text) => {
        const { items, scores } = lexicon.search(text, { k, mask });
        return Array.from(items, (r, i) => ({ id: held[r].id, score: scores[i] }));
      });
    },
    async drop() {
      words = false;
      bm25 = undefined;
      documents.clear();
      dim = undefined;
    },
    async close() {},
  };
}
