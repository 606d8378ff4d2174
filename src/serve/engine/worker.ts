/** The worker thread: the runtime computes on the thread that calls it, and the server's must stay free. */
import { parentPort, workerData } from 'node:worker_threads';
import { IndexError, InputError } from '../../errors.js';
import type { Engine } from './engine.js';
import { RunEngine } from './runEngine.js';
import { type Call, LOADING, type Reply, type WorkerInput } from './workerEngine.js';

const port = parentPort!;
const send = (reply: Reply) => port.postMessage(reply);
const { folder, threads } = workerData as WorkerInput;

try {
  const engine: Engine = await RunEngine.load(folder, { threads });
  port.on('message', ({ id, method, args }: Call) => {
    const call = engine[method] as (...args: unknown[]) => Promise<unknown>;
    call.apply(engine, args).then(
      (value) => send({ id, value }),
      (error: unknown) => send({ id, error: plainError(error) }),
    );
  });
  send({ id: LOADING, value: engine.facts });
} catch (error) {
  send({ id: LOADING, error: plainError(error) });
}

/** An error as plain data: its class would be lost on the way. */
function plainError(error: unknown) {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { message, stack, input: error instanceof InputError, index: error instanceof IndexError };
}
