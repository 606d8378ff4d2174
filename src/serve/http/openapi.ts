/** The OpenAPI 3.1 document, made of the operations and the schemas that validate them. */
import * as z from 'zod';
import { type Operation, operations } from './operations.js';
import { components, PROBLEMS, type ProblemCode, problemSchema } from './schemas.js';

type Json = Readonly<Record<string, unknown>>;

const uri = (id: string): string => `#/components/schemas/${id}`;

/**
 * The document; the same for every server of a version.
 *
 * @param mount the path of the app that the service is part of
 */
export function openApi(version: string, mount = ''): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, operation] of Object.entries(operations) as [string, Operation][]) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(id, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'r4t',
      version,
      description: 'Sets of items for broad queries, by a retriever compiled over your own catalog.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    ...(mount !== '' && { servers: [{ url: mount }] }),
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
    },
  };
}

/** Every named schema. Requests say what may be sent, answers what comes. */
function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(components, { uri, io: 'input' });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, embedded(schema)]));
}

/** Inside a document a schema needs neither dialect nor address. */
function embedded({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema;
}

function schemaOf(schema: z.ZodType): Json {
  const id = components.get(schema)?.id;
  return id === undefined ? embedded(z.toJSONSchema(schema, { io: 'input' })) : { $ref: uri(id) };
}

function describe(id: string, operation: Operation): Json {
  const { summary, description, access, body, response, path } = operation;
  const content = response.schema
    ? { 'application/json': { schema: schemaOf(response.schema) } }
    : { [response.contentType ?? 'application/octet-stream']: {} };
  const parameters = [...pathParameters(path), ...queryParameters(operation)];
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    ...(access !== 'open' && { security: [{}, { bearer: [] }, { apiKey: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body.schema) } } },
    }),
    responses: {
      [response.status]: { description: response.status === 202 ? 'Accepted' : 'OK', content },
      ...problemResponses(operation),
    },
  };
}

function pathParameters(path: string): Json[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: Operation): Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = embedded(z.toJSONSchema(schema as z.ZodType, { io: 'output' }));
    return { name, in: 'query', required: false, description, schema: rest };
  });
}

/** The problems of an operation by their status; some share one. */
function problemResponses(operation: Operation): Json {
  const responses: Record<string, { description: string }> = {};
  for (const code of problemsOf(operation)) {
    const { status, title } = PROBLEMS[code];
    const earlier = responses[status]?.description;
    responses[status] = {
      description: earlier === undefined ? `\`${code}\`: ${title}` : `${earlier}; \`${code}\`: ${title}`,
    };
  }
  const content = { 'application/problem+json': { schema: schemaOf(problemSchema) } };
  return Object.fromEntries(Object.entries(responses).map(([status, r]) => [status, { ...r, content }]));
}

/** Everything that may go wrong with an operation. */
export function problemsOf({ access, problems }: Operation): ProblemCode[] {
  const keys: ProblemCode[] = access === 'open' ? [] : ['unauthorized', 'forbidden'];
  return [...problems, ...keys, 'internal'];
}
