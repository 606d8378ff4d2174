import { conformance } from './testing/conformance.js';
import { type MemoryEngine, memoryEngine } from './testing/memoryEngine.js';

// What every engine is held to, of one that is in memory: plans, their compilation and the index over an engine are right.
const engines = new Map<string, MemoryEngine>();

conformance('an engine in memory', async () => ({
  recall: 1,
  open: async (collection) => {
    const engine = engines.get(collection) ?? memoryEngine();
    engines.set(collection, engine);
    return engine;
  },
  stop: async () => {
    for (const engine of engines.values()) engine.refuse(true);
  },
}));
