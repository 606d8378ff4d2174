/**
 * A small training engine: write a model once as a graph, differentiate it, train it and export it, all on ONNX
 * Runtime. It knows nothing of the pipeline's stages and is usable alone.
 */
export { type Checkpoint, loadCheckpoint, saveCheckpoint } from './checkpoint.js';
export { gradients } from './gradients.js';
export * from './graph.js';
export { inInt8, int8IsExact } from './int8.js';
export * from './onnx.js';
export * as ops from './ops.js';
export * from './optimizer.js';
export * from './parameters.js';
export * from './safetensors.js';
export * from './session.js';
export * from './trainer.js';
export * from './weights.js';
