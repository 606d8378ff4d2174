/**
 * Parameters in training with all that an optimizer keeps of them, in one block of memory, where loops of WebAssembly (updates.wat) change
 * them in place, four numbers at a time. As operators of the runtime the same would be a dozen passes over memory, and every result a copy.
 */
import type { Parameters } from './parameters.js';
import { UPDATES } from './updatesModule.js';

/** The part of the global of this name that is needed; TypeScript has it among a browser's types alone. */
declare namespace WebAssembly {
  class Memory {
    constructor(options: { readonly initial: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, unknown>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}

/** Functions of updates.wat: places in bytes, lengths in floats. */
interface Loops {
  accumulate(sum: number, x: number, length: number, share: number): void;
  sumSquares(x: number, length: number): number;
  adamw(
    p: number,
    gradient: number,
    m: number,
    v: number,
    length: number,
    scale: number,
    beta1: number,
    beta2: number,
    stepSize: number,
    epsilon: number,
    kept: number,
  ): void;
  average(average: number, p: number, length: number, decay: number): void;
}

/** The scalars of a step of AdamW on all parameters. */
export interface AdamWStep {
  /** Factor on the gradients. */
  readonly scale: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly stepSize: number;
  readonly epsilon: number;
  /** Factor on matrices before the step: what decay leaves of them. */
  readonly kept: number;
}

/** Groups of a state: what a checkpoint holds. */
const KEPT = ['parameters', 'moments.M', 'moments.V'] as const;
type Group = (typeof KEPT)[number] | 'ema' | 'gradients';

/** Floats of a gradient that are copied in at a time, so that they are still in the cache when they are added. */
const CHUNK = 2 ** 16;
const PAGE_BYTES = 2 ** 16;
const MOST_BYTES = 2 ** 32 - PAGE_BYTES;

export class ParameterMemory {
  /** `parameters`, `moments.M`, `moments.V`, where it is kept `ema`: views that change with every step. */
  readonly groups: Readonly<Record<string, Parameters>>;
  /** The gradients of the step, to be written here. */
  readonly gradients: Parameters;
  readonly #loops: Loops;
  /** First byte of each group, and of each parameter in a group; floats of each, filled up to a multiple of four. */
  readonly #starts: Readonly<Partial<Record<Group, number>>>;
  readonly #places: readonly { readonly name: string; readonly offset: number; readonly length: number }[];
  readonly #scratch: Float32Array;

  /**
   * @param start values, which are copied; of zero moments, and an average that begins with them
   * @throws RangeError where it all takes more than 4 GiB
   */
  constructor(start: Parameters, { ema }: { readonly ema: boolean }) {
    let floats = 0;
    this.#places = [...start].map(([name, { data }]) => {
      const [offset, length] = [4 * floats, 4 * Math.ceil(data.length / 4)];
      floats += length;
      return { name, offset, length };
    });
    const names: Group[] = [...KEPT, 'gradients', ...(ema ? (['ema'] as const) : [])];
    const bytes = 4 * (CHUNK + names.length * floats);
    if (bytes > MOST_BYTES)
      throw new RangeError(
        `${floats} parameters in training take ${(bytes / 2 ** 30).toFixed(1)} GiB, and at most 4 can be used; train a low-rank adapter`,
      );
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE_BYTES) });
    this.#loops = instantiate(memory);
    this.#scratch = new Float32Array(memory.buffer, 0, CHUNK);
    this.#starts = Object.fromEntries(names.map((name, i) => [name, 4 * (CHUNK + i * floats)]));
    const group = (name: Group): Parameters =>
      new Map(
        [...start].map(([parameter, { data, dims }], i) => [
          parameter,
          {
            data: new Float32Array(memory.buffer, this.#starts[name]! + this.#places[i].offset, data.length),
            dims,
          },
        ]),
      );
    this.gradients = group('gradients');
    this.groups = Object.fromEntries(
      names.filter((name) => name !== 'gradients').map((name) => [name, group(name)]),
    );
    for (const name of ['parameters', ...(ema ? ['ema'] : [])])
      for (const [parameter, { data }] of this.groups[name]) data.set(start.get(parameter)!.data);
  }

  /** Forgets the gradients, for parts of a batch to be added. */
  clearGradients(): void {
    for (const { data } of this.gradients.values()) data.fill(0);
  }

  /** Adds the gradients of a part of a batch, times its share. */
  addGradients(of: (name: string) => Float32Array, share: number): void {
    for (const { name, offset } of this.#places) {
      const data = of(name);
      for (let at = 0; at < data.length; at += CHUNK) {
        const part = data.subarray(at, at + CHUNK);
        const length = 4 * Math.ceil(part.length / 4);
        this.#scratch.fill(0, part.length, length);
        this.#scratch.set(part);
        this.#loops.accumulate(this.#starts.gradients! + offset + 4 * at, 0, length, share);
      }
    }
  }

  /** Global norm of the gradients. */
  gradientNorm(): number {
    let sum = 0;
    for (const { offset, length } of this.#places)
      sum += this.#loops.sumSquares(this.#starts.gradients! + offset, length);
    return Math.sqrt(sum);
  }

  /** A step of AdamW, by the gradients, on every parameter; matrices alone decay. */
  adamw({ scale, beta1, beta2, stepSize, epsilon, kept }: AdamWStep): void {
    const starts = this.#starts;
    for (const { name, offset, length } of this.#places) {
      const isMatrix = this.groups.parameters.get(name)!.dims.length >= 2;
      this.#loops.adamw(
        starts.parameters! + offset,
        starts.gradients! + offset,
        starts['moments.M']! + offset,
        starts['moments.V']! + offset,
        length,
        scale,
        beta1,
        beta2,
        stepSize,
        epsilon,
        isMatrix ? kept : 1,
      );
    }
  }

  /** Lets the moving average follow. */
  average(decay: number): void {
    const { ema, parameters } = this.#starts;
    for (const { offset, length } of this.#places)
      this.#loops.average(ema! + offset, parameters! + offset, length, decay);
  }
}

function instantiate(memory: WebAssembly.Memory): Loops {
  const module = new WebAssembly.Module(Buffer.from(UPDATES, 'base64'));
  return new WebAssembly.Instance(module, { js: { memory } }).exports as unknown as Loops;
}
