/** Opens models of the Vercel AI SDK. It is loaded when it is first needed: most commands ask no model. */
import type { EmbeddingModel, LanguageModel } from 'ai';
import { InputError } from '../errors.js';
import { checkEndpoint, type Endpoint, serviceRoot } from './endpoint.js';

/** A model object, not a name for a gateway. */
export type OpenModel = Exclude<LanguageModel, string>;

/** What provider packages export: a function that makes the provider. */
type CreateProvider = (options: {
  readonly apiKey?: string;
  readonly baseURL?: string;
  readonly fetch: typeof fetch;
}) => (model: string) => OpenModel;

/**
 * @throws InputError for a malformed `baseUrl`, or where the provider package is not installed or is none
 */
export async function openModel(endpoint: Endpoint): Promise<OpenModel> {
  checkEndpoint(endpoint);
  const { wrapLanguageModel } = await import('ai');
  const { baseUrl, provider, model, apiKey } = endpoint;
  const fetch = patientFetch(endpoint);
  const opened =
    provider === undefined
      ? (await compatible(endpoint)).chatModel(model)
      : (await createProvider(provider))({
          fetch,
          ...(apiKey !== undefined && { apiKey }),
          ...(baseUrl !== undefined && { baseURL: serviceRoot(baseUrl).url }),
        })(model);
  if (opened.specificationVersion !== 'v3')
    throw new InputError(`"${provider}" belongs to another version of the AI SDK; install its version 3`);
  return wrapLanguageModel({ model: opened, middleware: leavingOutWhatIsRefused() });
}

/** @throws InputError for a malformed `baseUrl` */
export async function openEmbeddings(endpoint: Endpoint): Promise<Exclude<EmbeddingModel, string>> {
  return (await compatible(endpoint, inOrder(patientFetch(endpoint)))).embeddingModel(endpoint.model);
}

/** The provider of an endpoint that speaks OpenAI's API. */
async function compatible(endpoint: Endpoint, fetch = patientFetch(endpoint)) {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const { url, query } = serviceRoot(endpoint.baseUrl ?? '');
  return createOpenAICompatible({
    name: 'endpoint',
    baseURL: url,
    queryParams: query,
    apiKey: endpoint.apiKey,
    supportsStructuredOutputs: true,
    fetch,
  });
}

async function createProvider(name: string): Promise<CreateProvider> {
  let exports: Record<string, unknown>;
  try {
    exports = await import(name);
  } catch (cause) {
    throw new InputError(`needs the package ${name}; npm install ${name}`, { field: 'provider' }, { cause });
  }
  const create = Object.entries(exports).find(
    ([key, value]) => /^create[A-Z]/.test(key) && typeof value === 'function',
  );
  if (create) return create[1] as CreateProvider;
  throw new InputError(`"${name}" exports no provider; expected a package such as @ai-sdk/google`);
}

/** A fetch that gives up after a while, a body that stalls included, with an error that the SDK takes for one that may pass. */
function patientFetch({ timeoutMs = 120_000 }: Endpoint): typeof fetch {
  return async (input, init) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    try {
      const response = await fetch(input, { ...init, signal });
      const body = await response.arrayBuffer();
      const { status, statusText, headers } = response;
      return new Response(body.byteLength > 0 ? body : null, { status, statusText, headers });
    } catch (cause) {
      init?.signal?.throwIfAborted();
      const reason = timeout.aborted
        ? new Error(`did not answer within ${timeoutMs / 1000} s`)
        : new Error(`cannot be reached (${networkReason(cause)})`);
      throw new TypeError('fetch failed', { cause: reason });
    }
  };
}

/** A fetch whose embeddings come in the order of the texts: a server may number them in another, which the SDK does not read. */
const inOrder =
  (inner: typeof fetch): typeof fetch =>
  async (input, init) => {
    const response = await inner(input, init);
    const text = await response.text();
    const { status, statusText, headers } = response;
    return new Response(sorted(text), { status, statusText, headers });
  };

function sorted(text: string): string {
  try {
    const answer = JSON.parse(text) as { data: { index?: number }[] };
    if (new Set(answer.data.map(({ index }) => index)).size < answer.data.length) return text;
    answer.data.sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
    return JSON.stringify(answer);
  } catch {
    return text;
  }
}

function networkReason(error: unknown): string {
  const { message, cause } = error as Error;
  const inner = cause as NodeJS.ErrnoException | undefined;
  return inner?.code ?? inner?.message ?? message;
}

type Middleware = Exclude<
  Parameters<typeof import('ai').wrapLanguageModel>[0]['middleware'],
  readonly unknown[]
>;

/** What servers call the parameters that some models do not take. */
const OPTIONAL = {
  response_format: 'responseFormat',
  temperature: 'temperature',
  top_p: 'topP',
  max_tokens: 'maxOutputTokens',
  seed: 'seed',
} as const;

/**
 * A parameter which the server says it does not take (400, 422) is left out from then on, so that one call fits models that refuse a
 * temperature or a response format. The answer has to be checked anyway.
 */
function leavingOutWhatIsRefused(): Middleware {
  const refused = new Set<(typeof OPTIONAL)[keyof typeof OPTIONAL]>();
  return {
    specificationVersion: 'v3',
    async wrapGenerate({ params, model }) {
      for (;;) {
        const asked = { ...params };
        for (const name of refused) delete asked[name];
        try {
          // Warnings of what a provider leaves out go to the console otherwise.
          return { ...(await model.doGenerate(asked)), warnings: [] };
        } catch (error) {
          const { statusCode, responseBody = '' } = error as { statusCode?: number; responseBody?: string };
          const name = (Object.keys(OPTIONAL) as (keyof typeof OPTIONAL)[]).find(
            (key) => asked[OPTIONAL[key]] !== undefined && responseBody.match(`\\b${key}\\b`),
          );
          if ((statusCode !== 400 && statusCode !== 422) || name === undefined) throw error;
          refused.add(OPTIONAL[name]);
        }
      }
    },
  };
}
