/**
 * The model every contender trains: a pre-LayerNorm transformer on sets of 12 x 128, mean squared distance to a target,
 * Adam. Start values and data come from a formula, so that all begin with the same numbers and must report the same
 * losses.
 */
export interface ModelSize {
  readonly width: number;
  readonly layers: number;
}

export const SIZES: Readonly<Record<string, ModelSize>> = {
  '3.2M': { width: 256, layers: 4 },
  '38M': { width: 512, layers: 12 },
};

export const BATCH = 64;
export const ROWS = 12;
export const INPUT = 128;
export const HEADS = 8;
export const LEARNING_RATE = 1e-4;

export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Parameters in order of use; matrices are [in, out]. */
export function parameterShapes({ width, layers }: ModelSize): NamedShape[] {
  const linear = (name: string, from: number, to: number) => [
    { name: `${name}.weight`, shape: [from, to] },
    { name: `${name}.bias`, shape: [to] },
  ];
  const norm = (name: string) => [
    { name: `${name}.gain`, shape: [width] },
    { name: `${name}.bias`, shape: [width] },
  ];
  const block = (name: string) => [
    ...norm(`${name}.norm1`),
    ...['q', 'k', 'v', 'o'].flatMap((part) => linear(`${name}.${part}`, width, width)),
    ...norm(`${name}.norm2`),
    ...linear(`${name}.up`, width, 4 * width),
    ...linear(`${name}.down`, 4 * width, width),
  ];
  return [
    ...linear('in', INPUT, width),
    ...Array.from({ length: layers }, (_, i) => block(`block${i}`)).flat(),
    ...norm('norm'),
    ...linear('out', width, INPUT),
  ];
}

/** Numbers that look random, in [-1, 1): the same in every language. */
export function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => {
    const x = Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

/** Gains are 1, biases 0, matrices uniform with variance 1 / fan-in. */
export function startValues(size: ModelSize): (NamedShape & { readonly data: Float32Array<ArrayBuffer> })[] {
  return parameterShapes(size).map(({ name, shape }, i) => {
    const length = shape.reduce((n, d) => n * d, 1);
    if (name.endsWith('.gain')) return { name, shape, data: new Float32Array(length).fill(1) };
    if (name.endsWith('.bias')) return { name, shape, data: new Float32Array(length) };
    const scale = Math.sqrt(3 / shape[0]);
    return { name, shape, data: Float32Array.from(noise(length, i), (x) => x * scale) };
  });
}

export const inputData = () => noise(BATCH * ROWS * INPUT, 1000);
export const targetData = () => noise(BATCH * ROWS * INPUT, 1001);

/** Floating-point operations of the matrix products of one training step: the backward pass costs twice the forward. */
export function stepFlops(size: ModelSize): number {
  const rows = BATCH * ROWS;
  const weights = parameterShapes(size)
    .filter(({ shape }) => shape.length === 2)
    .reduce((n, { shape }) => n + shape[0] * shape[1], 0);
  const attention = 2 * 2 * rows * ROWS * size.width * size.layers;
  return 3 * (2 * rows * weights + attention);
}
