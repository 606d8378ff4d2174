/** A run's labels as tensors; also loaded by browsers. */
import { itemSets } from '../baselines/itemSets.js';
import type { RememberedSets } from '../candidates/setMemory.js';
import type { StoredTensor } from '../engine/safetensorsFormat.js';
import type { LabelledQueries } from '../environment.js';
import { labelledOf } from '../labelled.js';
import { type Matrix, matrix, type VectorTable } from '../matrix.js';
import type { MethodSpace } from '../retrieve/method.js';

/** What a run knows of the sets that people made: its training queries, and what is fitted on them in closed form. */
export type Labels = Pick<MethodSpace, 'training' | 'adapter' | 'classifier'>;

type Tensors = Readonly<Record<string, StoredTensor>>;

/** As tensors: the vectors of the training queries, and their sets one after another with the place where each ends. */
export function labelTensors({ training, adapter, classifier }: Labels): Tensors {
  const { vectors, references } = training ?? { vectors: matrix(0, 0), references: [] };
  let end = 0;
  const ends = Int32Array.from(references, (set) => {
    end += set.length;
    return end;
  });
  return {
    'training.vectors': tensor(vectors),
    'training.ends': { shape: [ends.length], data: ends },
    'training.items': { shape: [end], data: Int32Array.from(references.flat()) },
    ...(adapter && {
      'adapter.weights': tensor(adapter.weights),
      'adapter.strength': { shape: [1], data: Float32Array.of(adapter.strength) },
    }),
    ...(classifier && { 'classifier.smoother': tensor(classifier.smoother) }),
  };
}

/** The labels of tensors that `labelTensors` made; `texts` are those of the training queries. */
export function labelsOf(tensors: Tensors, texts: readonly string[]): Labels {
  const { data: ends } = tensors['training.ends'];
  const { data: items } = tensors['training.items'];
  const references = Array.from(ends, (end, i) => Array.from(items.subarray(i > 0 ? ends[i - 1] : 0, end)));
  const training = { texts, vectors: matrixOf(tensors['training.vectors']), references };
  return {
    training,
    ...('adapter.weights' in tensors && {
      adapter: {
        weights: matrixOf(tensors['adapter.weights']),
        strength: tensors['adapter.strength'].data[0],
      },
    }),
    ...('classifier.smoother' in tensors && {
      classifier: {
        smoother: matrixOf(tensors['classifier.smoother']),
        sets: itemSets(labelledOf(training).references),
      },
    }),
  };
}

/** Sets to be remembered, with the texts of their queries. */
export type RememberedLabels = RememberedSets & LabelledQueries;

/** The labels as a memory of sets; undefined where no training query has a set. */
export function rememberedLabels(
  { training, classifier }: Labels,
  catalog: VectorTable,
): RememberedLabels | undefined {
  if (!training || !classifier) return undefined;
  const { texts, vectors, references } = labelledOf(training);
  return { texts, vectors, references, smoother: classifier.smoother, catalog };
}

const tensor = ({ data, rows, cols }: Matrix): StoredTensor => ({ shape: [rows, cols], data });
const matrixOf = ({ shape, data }: StoredTensor): Matrix => matrix(shape[0], shape[1], data as Float32Array);
