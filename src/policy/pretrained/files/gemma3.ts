/** What files of Gemma3 leave out because it is the default (Gemma3TextConfig of https://github.com/huggingface/transformers). */

/** Every so many layers one attends to all positions, the last of them. */
export const GEMMA3_PATTERN = 6;
export const GEMMA3_LOCAL_THETA = 10_000;

/** One flag a layer: whether it attends to a window only. */
export const localLayersOf = (layers: number, pattern: number): boolean[] =>
  Array.from({ length: layers }, (_, layer) => (layer + 1) % pattern !== 0);
