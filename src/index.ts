/**
 * r4t compiles a set-level objective into a fast set retriever over your own catalog (Retrieve-for-Train).
 *
 * @example
 * import { compile, Retriever } from 'r4t';
 *
 * await compile({ catalog: 'catalog.jsonl', out: 'runs/shop' });
 * const retriever = await Retriever.load('runs/shop');
 * const { items } = await retriever.search('camping gear', { k: 10 });
 * for (const { title, score } of items) console.log(score.toFixed(3), title);
 *
 * @module
 */

export { type DppOptions, dppMap } from './baselines/dpp.js';
export { type ReciprocalRankOptions, reciprocalRankFusion } from './baselines/hybrid.js';
export { type MmrOptions, mmr } from './baselines/mmr.js';
export type { CatalogReport } from './catalog/catalogRows.js';
export type {
  FieldFilter,
  Filter,
  FilterInput,
  FilterOperator,
  Filters,
} from './catalog/filter/filter.js';
export { compileMask, type FieldType, fieldTypes } from './catalog/filter/filterTable.js';
export { parseFilter } from './catalog/filter/parseFilter.js';
export type { Item, Metadata, MetadataValue } from './catalog/item.js';
export type { QueryReport } from './catalog/sets.js';
export { type CompileOptions, type CompileResult, compile } from './compile/compile.js';
export type { InputReport } from './compile/inputs.js';
export type { CompileStage } from './compile/stage.js';
export { ClipEncoder, type ClipOptions } from './encode/clipEncoder.js';
export { type Encoder, type EncodingWork, encodeItems, type ItemContent } from './encode/encoder.js';
export type { EncoderModuleOptions } from './encode/moduleEncoder.js';
export { OpenAiEncoder, type OpenAiEncoderOptions } from './encode/openaiEncoder.js';
export type { TextReading } from './encode/textReading.js';
export { TransformersEncoder, type TransformersOptions } from './encode/transformersEncoder.js';
export { UseLiteEncoder } from './encode/useLite.js';
export type { Device, RuntimeOptions } from './engine/index.js';
export type { QueryBatch, RetrievalWorld } from './environment.js';
export {
  ChangesError,
  DamagedFileError,
  IndexError,
  InputError,
  type InputLocation,
  R4tError,
  RunFetchError,
  TrainingError,
  WriteError,
} from './errors.js';
export { type EvaluateRunOptions, evaluateRun, type RunEvaluation } from './evaluate/evaluateRun.js';
export { type EvaluateRunsOptions, evaluateRuns } from './evaluate/evaluateRuns.js';
export { type Judgement, type JudgeOptions, type JudgeReport, judge } from './evaluate/judge/judge.js';
export type { Verdict } from './evaluate/judge/summary.js';
export { type LabelledSet, type LabelMetrics, labelMetrics } from './evaluate/labelMetrics.js';
export { METHOD_INFO, type MethodInfo } from './evaluate/report/names.js';
export { readReport, writeReport } from './evaluate/report/report.js';
export { verdict } from './evaluate/report/sections/verdict.js';
export type {
  EvaluationResults,
  MethodName,
  MethodResult,
  Metric,
  ReportData,
  ReportedCurve,
  ReportedQuery,
  ReportedSet,
} from './evaluate/results.js';
export { type MeasuredSet, type SetMetrics, setMetrics } from './evaluate/setMetrics.js';
export { type Column, formatTable, type TableOptions } from './evaluate/table.js';
export { ChatError } from './llm/chatError.js';
export type { ChatEndpoint } from './llm/endpoint.js';
export { type Matrix, matrix } from './matrix.js';
export type { PolicyModuleOptions } from './policy/modulePolicy.js';
export type { Completion, Policy, SampleOptions } from './policy/policy.js';
export { type FanOutRecord, readFanOuts } from './policy/written/fanOutFile.js';
export type { OnProgress, Progress, RunControl } from './progress.js';
export type { Ranking } from './ranking.js';
export { type DiversifyOptions, diversify, type HitIds } from './retrieve/diversify.js';
export type { LoadRetrieverOptions } from './retrieve/loadRun.js';
export {
  type AskableMethod,
  type Distinct,
  type DiversifiedHits,
  type DiversifyHitsOptions,
  METHOD_NAMES,
  type Method,
  Retriever,
  type SearchOptions,
  type SearchResult,
  type SetItem,
  type SetRequest,
  type Why,
} from './retrieve/retriever.js';
export { type CompositeOptions, type CompositeWeights, composite } from './reward/composite.js';
export { coverageReward } from './reward/coverageReward.js';
export type { JudgeFunction, JudgeQuestion } from './reward/judge/judge.js';
export { labelReward } from './reward/labelReward.js';
export { relevanceReward } from './reward/relevanceReward.js';
export type { FanOut, RewardComponent, RewardFunction, RewardResult } from './reward/reward.js';
export { normalizedVendi, vendi } from './reward/vendi.js';
export { type Config, defineConfig, type UserConfig } from './run/config.js';
export { type PushOptions, type PushReport, pushRun } from './run/pushRun.js';
export { type TrainingEvent, trainingEvents } from './run/trainingEvents.js';
export { connectSearchEngine } from './vectorIndex/engines/connectSearchEngine.js';
export type { SearchEngineSetting } from './vectorIndex/engines/engineSetting.js';
export type {
  EngineDocument,
  EngineInfo,
  SearchEngine,
  WordHit,
} from './vectorIndex/engines/searchEngine.js';
export { ExactIndex, type ExactIndexOptions } from './vectorIndex/exactIndex.js';
export type { IndexModuleOptions } from './vectorIndex/moduleIndex.js';
export type {
  SearchHits,
  SearchOptions as IndexSearchOptions,
  VectorIndex,
  WordSearchOptions,
} from './vectorIndex/vectorIndex.js';
