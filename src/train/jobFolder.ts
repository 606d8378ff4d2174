/** Folder in a run's for training jobs elsewhere, one folder each. */
export const TRAIN_FOLDER = 'train';
