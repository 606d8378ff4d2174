import { expect, it } from 'vitest';
import { itemSets } from '../baselines/itemSets.js';
import { decodeSafetensors, encodeSafetensors } from '../engine/index.js';
import { matrix } from '../matrix.js';
import { type Labels, labelsOf, labelTensors } from './labelTensors.js';

const throughFile = (labels: Labels) =>
  labelsOf(
    decodeSafetensors(encodeSafetensors(labelTensors(labels)), 'labels').tensors,
    labels.training?.texts ?? [],
  );

const training = {
  texts: ['camping', 'party', 'music'],
  vectors: matrix(3, 2, Float32Array.of(1, 0, 0, 1, 0.6, 0.8)),
  references: [[4, 2, 9], [], [2]],
};

it('labels come back from a file as they were', () => {
  const labels: Labels = {
    training,
    adapter: { weights: matrix(3, 2, Float32Array.of(1, 2, 3, 4, 5, 6)), strength: 0.25 },
    // The classifier has a row for each training query with a reference set.
    classifier: {
      smoother: matrix(2, 3, Float32Array.of(1, 2, 3, 4, 5, 6)),
      sets: itemSets([[4, 2, 9], [2]]),
    },
  };
  expect(throughFile(labels)).toEqual(labels);
});

it('what was not fitted is absent', () => {
  expect(throughFile({ training })).toEqual({ training });
  const none = { texts: [], vectors: matrix(0, 2), references: [] };
  expect(throughFile({ training: none })).toEqual({ training: none });
});
