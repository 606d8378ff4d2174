import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { type Encoder, encodeItems, type ItemContent } from './encoder.js';
import { type Projection, Projector } from './projection.js';

/**
 * An encoder whose vectors are projected to fewer dimensions.
 *
 * @example
 * const encoder = await UseLiteEncoder.load();
 * const projection = await fitProjection(await encoder.encode(texts), { d: 128 });
 * const small = await ProjectedEncoder.create(encoder, projection);
 */
export class ProjectedEncoder implements Encoder {
  readonly id: string;
  readonly dim: number;
  readonly knows?: (text: string) => boolean;

  private constructor(
    private readonly encoder: Encoder,
    private readonly projector: Projector,
  ) {
    this.id = `${encoder.id}/projected-${projector.dim}`;
    this.dim = projector.dim;
    this.knows = encoder.knows?.bind(encoder);
  }

  /** @throws {InputError} when the projection was fitted on vectors of another length than the encoder's */
  static async create(
    encoder: Encoder,
    projection: Projection,
    runtime: RuntimeOptions = {},
  ): Promise<ProjectedEncoder> {
    const { cols } = projection.components;
    if (cols !== encoder.dim) {
      throw new InputError(
        `the projection takes vectors of length ${cols}, ${encoder.id} makes ${encoder.dim}`,
      );
    }
    return new ProjectedEncoder(encoder, await Projector.create(projection, runtime));
  }

  /** `texts` -> [texts.length, d], rows of unit length. */
  async encode(texts: readonly string[], control: RunControl = {}): Promise<Matrix> {
    return this.projector.project(await this.encoder.encode(texts, control), control);
  }

  /** Frees the projection; the inner encoder belongs to whoever made it. */
  release(): Promise<void> {
    return this.projector.release();
  }

  /** `items` -> [items.length, d], rows of unit length. */
  async encodeItems(items: readonly ItemContent[], control: RunControl = {}): Promise<Matrix> {
    return this.projector.project(await encodeItems(this.encoder, items, control), control);
  }
}
