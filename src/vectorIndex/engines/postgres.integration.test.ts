import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { postgresEngine } from './postgres.js';
import { conformance } from './testing/conformance.js';

conformance('PostgreSQL with pgvector (PGlite)', async () => {
  const db = await PGlite.create({ extensions: { vector } });
  const server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 4 });
  await server.start();
  const url = `postgres://postgres:secret@${server.getServerConn()}/postgres?sslmode=disable`;
  let stopped = false;
  return {
    recall: 1,
    recallOfWords: 0.8,
    recallOfMany: 0.9,
    open: (table) => postgresEngine({ url, table }),
    stop: async () => {
      if (stopped) return;
      stopped = true;
      await server.stop();
      await db.close();
    },
  };
});
