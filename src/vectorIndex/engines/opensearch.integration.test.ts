import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { openSearchEngine } from './opensearch.js';
import { conformance } from './testing/conformance.js';
import { startOpenSearch } from './testing/startOpenSearch.js';

const temp = tempFolder();

conformance('OpenSearch (one node)', async () => {
  const node = await startOpenSearch(temp.path());
  if (typeof node === 'string') return node;
  return {
    recall: 0.95,
    recallOfWords: 0.9,
    recallOfMany: 0.9,
    open: async (collection) => openSearchEngine({ url: node.url, collection }),
    stop: node.stop,
  };
});
