/** Files of pretrained language models: opened, checked, read a tensor at a time; adapters and tuned models written. */
export { type LanguageModelFiles, openLanguageModel } from './open.js';
