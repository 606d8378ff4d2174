/** What spans are told, without the library that keeps them: searches run in browsers, too. */

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Does a piece of work as a span, and is told at its end what is only known then. */
export type Trace = <T>(
  name: string,
  attributes: Attributes,
  work: (tell: (attributes: Attributes) => void) => Promise<T>,
) => Promise<T>;

export const untraced: Trace = (_name, _attributes, work) => work(() => {});

/**
 * Names of spans and attributes: those of the OpenTelemetry semantic conventions for retrieval and embeddings
 * (https://github.com/open-telemetry/semantic-conventions-genai, in development), and r4t's own. What is searched for is nobody's
 * business but the caller's: no text of a query is in a span.
 */
export const retrievalSpan = (asked: {
  readonly k: number;
  readonly queries: number;
  readonly method: string;
}): [name: string, attributes: Attributes] => [
  'retrieval',
  {
    'gen_ai.operation.name': 'retrieval',
    'gen_ai.retrieval.top_k': asked.k,
    'r4t.queries': asked.queries,
    'r4t.method': asked.method,
  },
];

export const embeddingsSpan = (encoder: {
  readonly id: string;
  readonly dim: number;
}): [name: string, attributes: Attributes] => [
  `embeddings ${encoder.id}`,
  {
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.request.model': encoder.id,
    'gen_ai.embeddings.dimension.count': encoder.dim,
  },
];
