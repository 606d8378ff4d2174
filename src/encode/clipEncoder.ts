import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder, ItemContent } from './encoder.js';
import { inBatches } from './inBatches.js';
import { readPicture } from './pictures.js';
import {
  type Library,
  loadingOptions,
  loadParts,
  type ModelChoice,
  modelName,
  transformersLibrary,
} from './transformersLibrary.js';

export interface ClipOptions extends RuntimeOptions {
  /** A folder in the layout of transformers.js (absolute, or beginning with a dot), or the name of a model on the Hugging Face hub. */
  readonly model: string;
  /** The 8-bit weights (false). */
  readonly quantized?: boolean;
  /** What of an item is encoded; `both`: the sum of the unit vectors of text and picture ('both'). */
  readonly items?: 'text' | 'image' | 'both';
  /** Folders that file names of pictures may be relative to; none: only addresses are read (none). */
  readonly imageFolders?: readonly string[];
  readonly signal?: AbortSignal;
}

const BATCH = { texts: 32, pictures: 16 };

type Picture = InstanceType<Library['RawImage']>;

interface Towers {
  readonly texts: (texts: readonly string[]) => Promise<Matrix>;
  readonly decode?: (file: Uint8Array) => Promise<Picture>;
  readonly pictures?: (pictures: readonly Picture[]) => Promise<Matrix>;
}

/**
 * A model of two towers, which put texts and pictures into one space: CLIP (https://arxiv.org/abs/2103.00020) or SigLIP
 * (https://arxiv.org/abs/2303.15343), through the optional package `@huggingface/transformers`. Queries are texts.
 *
 * Where an item has no picture that can be read, its text stands for it. In these models texts are nearer to texts than pictures
 * are, so such items come first; where many lack one, `items: 'text'` is fairer.
 *
 * @example
 * const encoder = await ClipEncoder.load({ model: 'Xenova/clip-vit-base-patch32', items: 'both', imageFolders: ['shop'] });
 */
export class ClipEncoder implements Encoder {
  private constructor(
    readonly id: string,
    readonly dim: number,
    private readonly towers: Towers,
    private readonly items: NonNullable<ClipOptions['items']>,
    private readonly imageFolders: readonly string[],
  ) {}

  /** @throws InputError if the package is missing, the model cannot be loaded or is of another kind */
  static async load(options: ClipOptions): Promise<ClipEncoder> {
    const { model, quantized = false, items = 'both', imageFolders = [], signal, ...runtime } = options;
    const library = await transformersLibrary();
    const choice = {
      model,
      quantized,
      files: items === 'text' ? ['text_model'] : ['text_model', 'vision_model'],
    };
    const name = await modelName(choice);
    signal?.throwIfAborted();
    const towers = await loadParts(model, () => loadTowers(library, choice, runtime));
    signal?.throwIfAborted();
    const { cols } = await towers.texts(['text']);
    return new ClipEncoder(`clip/${name}/${items}`, cols, towers, items, imageFolders);
  }

  /** `texts` -> [texts.length, dim], rows of unit length. */
  encode(texts: readonly string[], { signal, onProgress }: RunControl = {}): Promise<Matrix> {
    const { dim } = this;
    const sizeOf = (text: string) => text.length;
    return inBatches(texts, this.towers.texts, { size: BATCH.texts, dim, sizeOf, signal, onProgress });
  }

  /** `items` -> [items.length, dim], rows of unit length. Warns of pictures that cannot be read. */
  async encodeItems(items: readonly ItemContent[], control: RunControl = {}): Promise<Matrix> {
    const { pictures } = this.towers;
    const texts = items.map(({ text }) => text);
    if (!pictures) return this.encode(texts, control);
    const { signal, onProgress } = control;
    const missing: string[] = [];
    // Rows of items without a picture stay zero.
    const seen = await inBatches(
      items,
      async (batch) => {
        const read = await Promise.all(batch.map((item) => this.#read(item, missing, signal)));
        const there = read.flatMap((picture) => picture ?? []);
        const out = matrix(batch.length, this.dim);
        if (there.length === 0) return out;
        const vectors = normalizeRows(await pictures(there));
        let from = 0;
        read.forEach((picture, to) => {
          if (picture) row(out, to).set(row(vectors, from++));
        });
        return out;
      },
      { size: BATCH.pictures, dim: this.dim, signal, onProgress },
    );
    if (missing.length > 0) {
      const warning = `${missing.length.toLocaleString('en')} of ${items.length.toLocaleString('en')} items have no picture that can be read, so their texts stand for them; the first: ${missing[0]}`;
      onProgress?.({ stage: 'encode', done: items.length, total: items.length, warning });
    }
    const read = await this.encode(texts, { signal });
    for (let i = 0; i < items.length; i++) {
      const [picture, text] = [row(seen, i), row(read, i)];
      const both = this.items === 'both' || picture.every((x) => x === 0);
      for (let j = 0; j < this.dim; j++) picture[j] += both ? text[j] : 0;
    }
    return normalizeRows(seen);
  }

  async #read(
    { text, image }: ItemContent,
    missing: string[],
    signal: AbortSignal | undefined,
  ): Promise<Picture | undefined> {
    try {
      if (image === undefined) throw new Error('has no picture');
      return await this.towers.decode?.(await readPicture(image, { folders: this.imageFolders, signal }));
    } catch (error) {
      signal?.throwIfAborted();
      const shown = image === undefined ? `"${text}"` : image.slice(0, 100);
      missing.push(`${shown} ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
}

/** What the kinds of model differ in. */
const FAMILIES = {
  clip: { text: 'CLIPTextModelWithProjection', vision: 'CLIPVisionModelWithProjection', padding: true },
  // Trained with texts padded to the full length, which it pools from the end of.
  siglip: { text: 'SiglipTextModel', vision: 'SiglipVisionModel', padding: 'max_length' },
} as const;

async function loadTowers(library: Library, choice: ModelChoice, runtime: RuntimeOptions): Promise<Towers> {
  const { model, files } = choice;
  const loading = loadingOptions(choice, runtime);
  const { model_type: type } = await library.AutoConfig.from_pretrained(model, loading);
  const family = type === 'clip' || type === 'siglip' ? FAMILIES[type] : undefined;
  if (!family) {
    throw new InputError(`the model "${model}" is of the kind "${type}"; expected clip or siglip`, {
      field: 'encoder.model',
    });
  }
  const [tokenizer, textTower] = await Promise.all([
    library.AutoTokenizer.from_pretrained(model, loading),
    library[family.text].from_pretrained(model, loading),
  ]);
  const texts = async (batch: readonly string[]) =>
    vectorsOf(
      await textTower(tokenizer([...batch], { padding: family.padding, truncation: true })),
      'text_embeds',
    );
  if (files.length === 1) return { texts };
  const [processor, visionTower] = await Promise.all([
    library.AutoProcessor.from_pretrained(model, loading),
    library[family.vision].from_pretrained(model, loading),
  ]);
  return {
    texts,
    decode: (file) => library.RawImage.fromBlob(new Blob([Uint8Array.from(file)])),
    pictures: async (batch) => vectorsOf(await visionTower(await processor([...batch])), 'image_embeds'),
  };
}

interface OutputTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** The projected vectors (CLIP), or the pooled ones of a model without a projection (SigLIP). */
function vectorsOf(outputs: Readonly<Record<string, OutputTensor | undefined>>, projected: string): Matrix {
  const tensor = outputs[projected] ?? outputs.pooler_output;
  if (tensor?.dims.length !== 2)
    throw new InputError(`the model gives no "${projected}"`, { field: 'encoder.model' });
  return matrix(tensor.dims[0], tensor.dims[1], tensor.data);
}
