/** The encoders that come with the package. */
import type { RuntimeOptions } from '../engine/index.js';
import type { Encoder, EncoderParts } from './encoder.js';
import { GLOVE_ID, readGlove, sif } from './glove.js';
import { UseLiteEncoder } from './useLite.js';
import { USE_LITE_ID } from './useLiteModel.js';

export type BuiltInEncoder = 'use-lite+glove' | 'use-lite';

export const USE_LITE_GLOVE_ID = `${USE_LITE_ID}+${GLOVE_ID}`;

/**
 * - `use-lite`: Universal Sentence Encoder lite, a small transformer, 512 dimensions
 * - `use-lite+glove`: beside it the weighted mean of a text's GloVe word vectors, 100 dimensions, fitted to the catalog
 *
 * @throws {InputError} when the files of a model are missing or damaged
 */
export async function loadBuiltIn(
  name: BuiltInEncoder,
  runtime: RuntimeOptions = {},
): Promise<Encoder | EncoderParts> {
  if (name === 'use-lite') {
    const encoder: Encoder = await UseLiteEncoder.load(runtime);
    // Beside the word vectors these tell better.
    encoder.knows = (text) => (encoder.reads?.(text).known ?? 1) > 0;
    return encoder;
  }
  const [useLite, words] = await Promise.all([UseLiteEncoder.load(runtime), readGlove()]);
  return { id: USE_LITE_GLOVE_ID, parts: [useLite, sif(words)] };
}
