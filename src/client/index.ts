/**
 * `r4t/client`: the typed client of `r4t serve`.
 *
 * @module
 */
export type { AskableMethod, Method } from '../retrieve/methodNames.js';
export type {
  CatalogMap,
  Direction,
  Drift,
  FanoutRequest,
  FanoutResponse,
  FieldInfo,
  FoundItem,
  Info,
  ItemsRequest,
  ItemsResponse,
  LabelsAnswer,
  LabelsRequest,
  LabelsResponse,
  LabelTask,
  Problem,
  ProblemCode,
  Reference,
  ReloadResponse,
  RequestFilter,
  ResultMetrics,
  RunProvenance,
  SearchRequest,
  SearchResponse,
  SetResult,
  Timings,
} from '../serve/http/schemas.js';
export {
  type CallOptions,
  Client,
  type ClientOptions,
  ConnectionError,
  type SendOptions,
  ServiceError,
} from './client.js';
