/**
 * `r4t/ai-sdk`: a set retriever as a tool for the Vercel AI SDK (`ai`).
 *
 * @module
 */
import { type Tool, tool } from 'ai';
import * as z from 'zod';
import type { FilterInput, SetRequest } from '../index.js';
import { MAX_K } from '../retrieve/request.js';
import { describeFields } from './describeFields.js';
import { type FoundSet, fieldsOf, type SetSource, searchSets } from './source.js';

export type { SetSource } from './source.js';

export interface SetSearchToolOptions extends Omit<SetRequest, 'filter'> {
  /** Filters that always hold, whatever the model asks (none). */
  readonly filter?: SetRequest['filter'];
  /** What the catalog is, for the model to know when to search it, e.g. `camping gear of our shop`. */
  readonly catalog?: string;
}

/** What the model says. */
export interface SetSearchInput {
  readonly query: string;
  readonly k?: number;
  readonly filter?: string;
}

/** What the model is told of an item. */
export interface SetSearchItem {
  readonly id: string;
  readonly title: string;
  readonly category?: string;
  readonly why: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface SetSearchOutput {
  readonly items: readonly SetSearchItem[];
  /** What the model should know where there are fewer items than it asked for. */
  readonly note?: string;
}

/**
 * A tool that searches for a set. The model says what for, how many and by which filter; the filter's grammar and the catalog's
 * fields are in the tool's description. A filter that is wrong comes back to the model as one line, so that it can try again.
 *
 * @example
 * const { text } = await generateText({ model, prompt, tools: { searchShop: await setSearchTool(retriever, { k: 10 }) } });
 */
export async function setSearchTool(
  source: SetSource,
  { catalog = 'the catalog', k, filter = [], ...request }: SetSearchToolOptions = {},
): Promise<Tool<SetSearchInput, SetSearchOutput>> {
  const fields = describeFields(await fieldsOf(source));
  const always = (Array.isArray(filter) ? filter : [filter]) as readonly FilterInput[];
  return tool({
    description: `Finds a set of items in ${catalog} that together answer a broad query, such as what a plan, a dish or an outfit needs.`,
    inputSchema: inputSchema(fields, k),
    async execute({ query, k: wanted = k, filter: asked }, { abortSignal }): Promise<SetSearchOutput> {
      const filters = [...always, ...(asked === undefined ? [] : [asked])];
      const options = { ...request, k: wanted, ...(filters.length > 0 && { filter: filters }) };
      const [found] = await searchSets(source, [query], options, abortSignal);
      return outputOf(found);
    },
  });
}

const inputSchema = (fields: string, k: number | undefined): z.ZodType<SetSearchInput> =>
  z.object({
    query: z.string().min(1).describe('What the set is for, in a few words, without conditions on fields.'),
    k: z
      .int()
      .min(1)
      .max(MAX_K)
      .optional()
      .describe(`Items wanted${k === undefined ? '' : ` (${k})`}.`),
    filter: z.string().optional().describe(`Only items which pass. ${fields}`),
  });

function outputOf({ items, unknown, passing }: FoundSet): SetSearchOutput {
  const note = unknown
    ? 'nothing is known of this query; ask in other words'
    : passing === 0
      ? 'no item passes the filter'
      : undefined;
  return {
    items: items.map(({ id, title, category, why, metadata: fields }) => ({
      id,
      title,
      ...(category !== undefined && { category }),
      why,
      fields,
    })),
    ...(note !== undefined && { note }),
  };
}
