import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { lanceEngine } from './lancedb.js';
import { clientMissing } from './testing/clientMissing.js';
import { conformance } from './testing/conformance.js';

const temp = tempFolder();

conformance(
  'LanceDB',
  async () =>
    (await clientMissing('@lancedb/lancedb')) ?? {
      recall: 1,
      recallOfWords: 0.9,
      recallOfMany: 0.8,
      open: (table) => lanceEngine({ path: temp.path('lance'), table }),
    },
);
