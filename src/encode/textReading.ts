/** How well an encoder can read a catalog's texts, before they are encoded. */
import { type Encoder, type EncoderParts, partsOf } from './encoder.js';

/** What an encoder sees of one text. */
export interface TextReading {
  /** Share of its words that the encoder has seen before, 0..1. */
  readonly known: number;
  /** Whether it is longer than the encoder reads. */
  readonly isCut: boolean;
}

/** What encoders see of many texts. */
export interface Readability {
  readonly texts: number;
  /** Texts of which no encoder knows half the words. */
  readonly unknown: number;
  /** The first of them. */
  readonly example?: string;
  /** Texts that are longer than some encoder reads. */
  readonly cut: number;
  /** Mean share of the words of a text that the encoder knows which knows fewest, 0..1. */
  readonly known: number;
}

const LEAST_KNOWN = 0.5;

/** Undefined where no encoder can tell. */
export function readability(
  encoder: Encoder | EncoderParts,
  texts: readonly string[],
): Readability | undefined {
  const readers = partsOf(encoder).flatMap((part) => (part.reads ? [part.reads.bind(part)] : []));
  if (readers.length === 0 || texts.length === 0) return undefined;
  const known = readers.map(() => 0);
  let unknown = 0;
  let example: string | undefined;
  let cut = 0;
  for (const text of texts) {
    const readings = readers.map((reads) => reads(text));
    for (const [i, reading] of readings.entries()) known[i] += reading.known / texts.length;
    if (readings.some(({ isCut }) => isCut)) cut++;
    if (readings.every((reading) => reading.known < LEAST_KNOWN)) {
      unknown++;
      example ??= text;
    }
  }
  return { texts: texts.length, unknown, example, cut, known: Math.min(...known) };
}
