/**
 * The compiled retriever in a browser or an edge worker, on onnxruntime-web and without a server. Nothing here needs
 * Node.
 *
 * @module
 */
export type {
  FieldFilter,
  Filter,
  FilterInput,
  FilterOperator,
  Filters,
} from '../catalog/filter/filter.js';
export type { FieldType } from '../catalog/filter/filterTable.js';
export type { Item, Metadata, MetadataValue } from '../catalog/item.js';
export type { Encoder } from '../encode/encoder.js';
export { InputError, R4tError } from '../errors.js';
export { type Matrix, matrix } from '../matrix.js';
export type {
  AskableMethod,
  Method,
  SearchOptions,
  SearchResult,
  SetItem,
  Why,
} from '../retrieve/setRetriever.js';
export { type LoadWebRetrieverOptions, loadRetriever } from './loadRetriever.js';
export type { Ort } from './ort.js';
export type { WebRetriever } from './webRetriever.js';
