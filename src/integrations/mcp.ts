/**
 * `r4t/mcp`: a set retriever as a server of the Model Context Protocol. Needs the package `@modelcontextprotocol/server`.
 *
 * @module
 */
import { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { FieldInfo } from '../catalog/filter/fieldInfo.js';
import { ASKABLE_METHODS } from '../retrieve/methodNames.js';
import { MAX_K } from '../retrieve/request.js';
import { examplesOf, GRAMMAR } from './describeFields.js';
import { type FoundSet, fieldsOf, type SetSource, searchSets } from './source.js';

export type { SetSource } from './source.js';

export interface McpServerOptions {
  /** What the server calls itself (`r4t`). */
  readonly name?: string;
  readonly version?: string;
  /** What the catalog is, for the model to know when to search it, e.g. `camping gear of our shop`. */
  readonly catalog?: string;
}

const request = z.object({
  query: z.string().min(1).describe('What the set is for, in a few words; conditions go into `filter`.'),
  k: z.int().min(1).max(MAX_K).optional().describe("Items wanted; by default the run's."),
  filter: z
    .string()
    .optional()
    .describe(
      'Only items which pass, e.g. "color=red AND price<50"; `list_filters` has the grammar and the fields.',
    ),
  method: z
    .enum(ASKABLE_METHODS)
    .optional()
    .describe(
      'How to search; `auto`, the default, is what did best on validation queries, `plain` nearest neighbours.',
    ),
  exclude: z.array(z.string()).optional().describe('Ids of items that are not wanted.'),
});

const answer = {
  query: z.string(),
  method: z.string().describe('The method that answered.'),
  fallback: z.string().optional().describe('Why plain search answered instead of the method asked for.'),
  unknown: z.literal(true).optional().describe('Nothing is known of this query; ask in other words.'),
  passing: z.int().optional().describe('Items that pass the filter.'),
};

const item = {
  id: z.string(),
  title: z.string(),
  category: z.string().optional(),
  score: z.number().describe('Cosine between query and item, -1 to 1.'),
};

const set = z.object({
  ...answer,
  items: z.array(z.object({ ...item, fields: z.record(z.string(), z.unknown()) })),
});

const explanation = z.object({
  ...answer,
  items: z.array(
    z.object({
      ...item,
      why: z.string().describe('The strongest reason, in words.'),
      subQuery: z.string().optional().describe('The words of the direction that brought it.'),
      trainingQuery: z.string().optional().describe('The most similar training query whose set has it.'),
      trainingSets: z.int().optional().describe('How many training sets have it.'),
      sharedWords: z.array(z.string()).describe('Words that it shares with the query.'),
      direction: z.int().describe('Number of the direction that brought it.'),
      directionScore: z.number().describe('Cosine between that direction and the item.'),
      rank: z.int().describe("Its rank among that direction's hits."),
    }),
  ),
});

const filters = z.object({
  grammar: z.string(),
  fields: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      unit: z.string().optional(),
      items: z.int().describe('Items which have it.'),
      values: z.array(z.unknown()).optional().describe('Its most frequent values.'),
      range: z.array(z.unknown()).optional().describe('Least and greatest.'),
      examples: z.array(z.string()).describe('Filters that some item passes.'),
    }),
  ),
});

const READS = { readOnlyHint: true, openWorldHint: false };

/**
 * A server with three tools: `search_set`, `explain_set` and `list_filters`. What is wrong with a request comes back as the one line
 * that the library says.
 *
 * @example
 * await createMcpServer(await Retriever.load('runs/shop')).connect(new StdioServerTransport());
 */
export function createMcpServer(
  source: SetSource,
  { name = 'r4t', version = '0', catalog = 'the catalog' }: McpServerOptions = {},
): McpServer {
  const server = new McpServer(
    { name, version },
    {
      instructions: `Searches ${catalog} for sets: for a broad query it returns items that belong together, not variants of one thing.`,
    },
  );
  const find = async ({ query, ...options }: z.output<typeof request>, signal: AbortSignal) =>
    (await searchSets(source, [query], options, signal))[0];
  server.registerTool(
    'search_set',
    {
      title: 'Search a set',
      description: `Finds a set of items in ${catalog} that together answer a broad query.`,
      inputSchema: request,
      outputSchema: set,
      annotations: READS,
    },
    async (asked, { mcpReq }) => result(setOf(await find(asked, mcpReq.signal))),
  );
  server.registerTool(
    'explain_set',
    {
      title: 'Explain a set',
      description: 'Says of the set of a query, asked as in `search_set`, why each item is there.',
      inputSchema: request,
      outputSchema: explanation,
      annotations: READS,
    },
    async (asked, { mcpReq }) => result(explanationOf(await find(asked, mcpReq.signal))),
  );
  server.registerTool(
    'list_filters',
    {
      title: 'List filters',
      description: 'The grammar of `filter`, and every field that it can name, with values and examples.',
      outputSchema: filters,
      annotations: READS,
    },
    async ({ mcpReq }) => result(filtersOf(await fieldsOf(source, mcpReq.signal))),
  );
  return server;
}

/** As data, and as text for clients that show only that. */
const result = (structuredContent: Record<string, unknown>) => ({
  content: [{ type: 'text' as const, text: JSON.stringify(structuredContent) }],
  structuredContent,
});

function setOf({ items, ...answered }: FoundSet): z.output<typeof set> {
  return {
    ...answered,
    items: items.map(({ id, title, category, score, metadata: fields }) => ({
      id,
      title,
      ...(category !== undefined && { category }),
      score,
      fields: { ...fields },
    })),
  };
}

function explanationOf({ items, ...answered }: FoundSet): z.output<typeof explanation> {
  return {
    ...answered,
    items: items.map(({ text: _text, image: _image, metadata: _fields, sharedWords, ...why }) => ({
      ...why,
      sharedWords: [...sharedWords],
    })),
  };
}

function filtersOf(fields: readonly FieldInfo[]): z.output<typeof filters> {
  return {
    grammar: GRAMMAR,
    fields: fields.map((field) => {
      const { name, kind, unit, items, values, range } = field;
      return {
        name,
        kind,
        ...(unit !== undefined && { unit }),
        items,
        ...(values && { values: values.map(({ value }) => value) }),
        ...(range && { range: [...range] }),
        examples: examplesOf(field),
      };
    }),
  };
}
