/** Files of pretrained language models: opened, checked, read a tensor at a time; adapters and tuned models written. */
export { type Adapter, readAdapter, withAdapter, writeAdapter } from './adapter.js';
export { type ExportedModel, writeGguf, writeSafetensorsModel } from './exportModel.js';
export { type LanguageModelFiles, openLanguageModel } from './open.js';
