import { createConnection } from 'node:net';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { milvusEngine } from './milvus.js';
import { clientMissing } from './testing/clientMissing.js';
import { conformance } from './testing/conformance.js';
import { freePort, startProcess } from './testing/process.js';

/** The command of the Python package, of a virtual environment that is active or named by its path. */
const { R4T_MILVUS_LITE = 'milvus-lite' } = process.env;
const temp = tempFolder();

conformance('Milvus (Lite)', async () => {
  const missing = await clientMissing('@zilliz/milvus2-sdk-node');
  if (missing) return missing;
  const port = await freePort();
  const args = ['server', '--data-dir', temp.path('milvus'), '--host', '127.0.0.1', '--port', `${port}`];
  const server = await startProcess(R4T_MILVUS_LITE, args, { isReady: () => listens(port), seconds: 60 });
  if (typeof server === 'string')
    return `Milvus Lite does not start (${server}): python3 -m venv …, pip install milvus-lite pymilvus, and R4T_MILVUS_LITE=…/bin/milvus-lite`;
  return {
    recall: 0.95,
    recallOfWords: 0.9,
    stems: false,
    recallOfMany: 0.9,
    open: (collection) => milvusEngine({ url: `http://127.0.0.1:${port}`, collection }),
    stop: () => server.stop(),
  };
});

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    const answer = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
