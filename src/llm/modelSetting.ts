/** Settings that name a model which is asked over the network. */
import * as z from 'zod';

const price = z.number().min(0);

/** Who answers; the same wherever a config names one. */
export const askedModel = {
  /** The part before `/chat/completions` of an endpoint that speaks OpenAI's API. */
  baseUrl: z.string().optional(),
  /** A provider package of the Vercel AI SDK in its place, such as `@ai-sdk/google`. */
  provider: z.string().min(1).optional(),
  model: z.string().min(1),
  /** Environment variable with the API key; absent: none is sent, or the provider's own variable. */
  apiKeyEnv: z.string().min(1).optional(),
  /** Questions asked at the same time. */
  concurrency: z.int().positive().default(4),
  /** Prices of a million tokens, in whatever currency, for the estimate of the cost. */
  prices: z.strictObject({ input: price, output: price }).optional(),
};

export const hasPlace = ({ baseUrl, provider }: { readonly baseUrl?: unknown; readonly provider?: string }) =>
  baseUrl !== undefined || provider !== undefined;

export const noPlace = {
  path: ['baseUrl'],
  message: 'expected the URL of an endpoint, or a provider package by "provider"',
};
