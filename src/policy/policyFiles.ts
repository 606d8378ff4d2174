/** The built-in policy's files in a run: the model, the warm start's weights and the trained ones. */
export const POLICY_FILES = {
  model: ['warm-start', 'model.json'],
  untrained: ['warm-start', 'weights.safetensors'],
  trained: ['policy', 'weights.safetensors'],
} as const;
