import { qdrantEngine } from './qdrant.js';
import { conformance } from './testing/conformance.js';
import { qdrantStub } from './testing/qdrantStub.js';

conformance('Qdrant (no server: a stub that answers as its documentation says)', async () => {
  const stub = await qdrantStub();
  return {
    recall: 1,
    open: async (collection) => qdrantEngine({ url: stub.url, collection }),
    stop: stub.stop,
  };
});
