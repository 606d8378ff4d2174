import { afterEach, expect, it } from 'vitest';
import type { CatalogState, Engine, ItemChange } from '../engine/engine.js';
import { ChangeFeed } from './changeFeed.js';
import { type Journal, type JournalEntry, LastChanges, type SentChange } from './journal.js';

const feeds: ChangeFeed[] = [];
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
});

/** A journal that is durable at once. */
class MemoryJournal implements Journal {
  readonly catalog = 'a';
  readonly readOnly = undefined;
  readonly isOpen = true;
  onEntries: Journal['onEntries'];
  sequence = 0;
  readonly #last = new LastChanges();
  get read(): number {
    return this.sequence;
  }
  entries(after = 0): JournalEntry[] {
    return this.#last.after(after);
  }
  async append(changes: readonly SentChange[]): Promise<number> {
    const entries = changes.map((change) => ({ sequence: ++this.sequence, at: 0, change }));
    for (const entry of entries) this.#last.add(entry);
    this.onEntries?.(entries);
    return this.sequence;
  }
  async close(): Promise<void> {}
}

/** An engine whose encoder refuses what a test says. */
function fakeEngine() {
  const items = new Map<string, string>();
  const calls: number[] = [];
  const engine = {
    items,
    /** Changes of each call. */
    calls,
    refuses: (_title: string) => false,
    /** Waited for by every call. */
    gate: Promise.resolve(),
    async apply(changes: readonly ItemChange[]) {
      calls.push(changes.length);
      await engine.gate;
      const titles = changes.flatMap((change) => ('upsert' in change ? [change.upsert.title] : []));
      if (titles.some((title) => engine.refuses(title))) throw new Error('refused');
      for (const change of changes) {
        if ('upsert' in change) items.set(change.upsert.id, change.upsert.title);
        else items.delete(change.delete);
      }
      return engine.state();
    },
    state: async (): Promise<CatalogState> => ({ items: items.size }) as CatalogState,
  };
  return engine;
}
type FakeEngine = ReturnType<typeof fakeEngine>;

async function open(engine: FakeEngine, { journal = new MemoryJournal(), retry = 5 } = {}) {
  const errors: string[] = [];
  const feed = new ChangeFeed(journal, { onError: (message) => void errors.push(message), retry });
  feeds.push(feed);
  await feed.attach(engine as unknown as Engine);
  return { feed, journal, errors };
}

const put = (id: string, title = id): SentChange => ({
  upsert: { id, title, text: title, metadata: {} },
  record: { id },
});
const many = (n: number, prefix = 'i') => Array.from({ length: n }, (_, i) => put(`${prefix}${i}`));
const settled = (feed: ChangeFeed) => expect.poll(() => feed.counts.pending, { timeout: 5000 }).toBe(0);

it('keeps a change pending that cannot be embedded, and lets the others pass', async () => {
  const engine = fakeEngine();
  engine.refuses = (title) => title === 'poison';
  const { feed, errors } = await open(engine);
  await feed.accept([...many(3, 'before'), put('bad', 'poison'), ...many(100)]);
  await expect.poll(() => feed.counts.pending).toBe(1);
  expect(engine.items.size).toBe(103);
  expect(feed.counts).toMatchObject({ visible: 3, failed: 1 });
  expect(errors).toContain('changes of item "bad" could not be embedded; they are tried again');
  // Later ones are seen, and the number up to which all are stays.
  await feed.accept([put('late')]);
  await expect.poll(() => engine.items.has('late')).toBe(true);
  expect(feed.counts).toMatchObject({ visible: 3, pending: 1 });
  engine.refuses = () => false;
  await settled(feed);
  expect(engine.items.get('bad')).toBe('poison');
  expect(feed).toMatchObject({ counts: { visible: 105, failed: 0 }, state: { items: 105 } });
});

it('applies what comes later of an item at once, and never what it has overtaken', async () => {
  const engine = fakeEngine();
  engine.refuses = (title) => title === 'poison';
  const { feed } = await open(engine);
  await feed.accept([put('a', 'poison'), put('b', 'poison')]);
  await expect.poll(() => feed.counts.failed).toBe(2);
  expect(feed.counts.visible).toBe(0);
  await feed.accept([put('a', 'cured'), { delete: 'b' }]);
  await settled(feed);
  expect(feed.counts.visible).toBe(4);
  engine.refuses = () => false;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect([...engine.items]).toEqual([['a', 'cured']]);
});

it('tells changes of an item apart that come while one is being embedded', async () => {
  const engine = fakeEngine();
  const { feed } = await open(engine);
  let go = () => {};
  engine.gate = new Promise((resolve) => {
    go = resolve;
  });
  engine.refuses = (title) => title === 'first';
  await feed.accept([put('a', 'first')]);
  await feed.accept([put('a', 'second'), put('a', 'third')]);
  expect(feed.counts).toMatchObject({ visible: 0, pending: 3 });
  go();
  await settled(feed);
  expect(engine.items.get('a')).toBe('third');
  expect(feed.counts).toMatchObject({ visible: 3, failed: 0 });
});

it('asks an encoder that is away seldom, and catches up when it is back', async () => {
  const engine = fakeEngine();
  const { feed } = await open(engine);
  engine.refuses = () => true;
  await feed.accept(many(320));
  await expect.poll(() => feed.counts.failed).toBe(320);
  const before = engine.calls.length;
  await new Promise((resolve) => setTimeout(resolve, 150));
  // Three tries a round, each round after twice the pause: at most five rounds in that time.
  expect(engine.calls.length - before).toBeLessThanOrEqual(15);
  engine.refuses = () => false;
  await settled(feed);
  expect(engine.items.size).toBe(320);
  expect(feed.counts.visible).toBe(320);
});

it('lets a fresh engine take over without what cannot be embedded, and goes on trying', async () => {
  const engine = fakeEngine();
  const { feed, journal } = await open(engine);
  await feed.accept([...many(40), put('bad', 'poison'), put('last')]);
  await settled(feed);
  const next = fakeEngine();
  next.refuses = (title) => title === 'poison';
  await feed.attach(next as unknown as Engine);
  expect(next.items.size).toBe(41);
  expect(feed.counts).toMatchObject({ visible: 40, pending: 1, failed: 1 });
  next.refuses = () => false;
  await settled(feed);
  expect(next.items.get('bad')).toBe('poison');
  // Where nothing can be embedded, the old one stays.
  const broken = fakeEngine();
  broken.refuses = () => true;
  await expect(feed.attach(broken as unknown as Engine)).rejects.toThrow('refused');
  await feed.accept([put('more')]);
  await expect.poll(() => next.items.has('more')).toBe(true);
  expect(feed.counts.visible).toBe(journal.sequence);
});
