/** A server for the load test as it is installed, in a process of its own: `server.js <run> <batch> <queue> <threads>`. */
import { pino } from 'pino';
import { startServer } from '../../dist/serve/http/server.js';

const [run, maxBatch, queue, threads] = process.argv.slice(2);
const server = await startServer({
  run,
  host: '127.0.0.1',
  port: 0,
  keys: [],
  threads: Number(threads),
  seconds: 10,
  queue: Number(queue),
  maxBatch: Number(maxBatch),
  logQueries: false,
  // Written and thrown away: logging is part of the work.
  log: pino({ base: null }, { write: () => {} }),
});
process.on('SIGTERM', () => void server.close().then(() => process.exit()));
console.log(server.url);
