/**
 * TensorBoard's event files: TFRecords (https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details) of `Event`
 * messages (https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto).
 */
import { join } from 'node:path';
import { buf as crc32c } from 'crc-32/crc32c.js';
import { encodeMessage } from '../engine/protobuf.js';
import { writeFileAtomic } from '../files.js';
import type { TrainingEvent } from '../run/trainingEvents.js';

/**
 * Writes events as one event file: a scalar `stage/name` for every metric. The file's name tells when the first event was, so that
 * writing a run again replaces it.
 *
 * @param folder what TensorBoard calls a run; `tensorboard --logdir` takes it or one above
 * @returns the file
 * @throws R4tError if it cannot be written
 */
export async function writeTensorBoard(folder: string, events: readonly TrainingEvent[]): Promise<string> {
  const began = events.length > 0 ? Math.min(...events.map(secondsSince1970)) : 0;
  const file = join(folder, `events.out.tfevents.${Math.floor(began)}.r4t`);
  const messages = [versionEvent(began), ...events.map(scalarEvent)];
  await writeFileAtomic(file, Buffer.concat(messages.map(record)));
  return file;
}

const secondsSince1970 = ({ time }: TrainingEvent): number => Date.parse(time) / 1000;

const versionEvent = (time: number): Uint8Array =>
  encodeMessage((to) => {
    to.float64(1, time);
    to.text(3, 'brain.Event:2');
  });

const scalarEvent = (event: TrainingEvent): Uint8Array =>
  encodeMessage((to) => {
    to.float64(1, secondsSince1970(event));
    to.integer(2, event.step);
    to.message(5, () => {
      for (const [name, value] of Object.entries(event.metrics))
        to.message(1, () => {
          to.text(1, `${event.stage}/${name}`);
          to.float32(2, value);
        });
    });
  });

/** Length, its checksum, data, its checksum. */
function record(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + 16);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(out.subarray(0, 8)), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return out;
}

/** A checksum that may itself be checksummed. */
function masked(data: Uint8Array): number {
  const crc = crc32c(data) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
