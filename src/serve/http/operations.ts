/** Every operation of the service once: the routes, the OpenAPI document and the docs page follow from this table. */
import type * as z from 'zod';
import {
  fanoutRequestSchema,
  fanoutResponseSchema,
  infoSchema,
  itemsRequestSchema,
  itemsResponseSchema,
  LIMITS,
  labelsQuerySchema,
  labelsRequestSchema,
  labelsResponseSchema,
  labelsSchema,
  mapQuerySchema,
  mapSchema,
  type ProblemCode,
  reloadResponseSchema,
  searchRequestSchema,
  searchResponseSchema,
  statusSchema,
} from './schemas.js';

export interface Operation {
  readonly method: 'get' | 'post';
  /** Parameters as `{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Who may call it where keys are needed: anybody, every key, or full keys only. */
  readonly access: 'open' | 'read' | 'full';
  /** Schema of the body, and its most bytes. */
  readonly body?: { readonly schema: z.ZodType; readonly most: number };
  readonly query?: z.ZodObject;
  readonly response: {
    readonly status: 200 | 202;
    readonly schema?: z.ZodType;
    readonly contentType?: string;
  };
  /** What may go wrong besides what may always: a missing key, an internal error. */
  readonly problems: readonly ProblemCode[];
}

const BODY_PROBLEMS = ['invalid-request', 'too-large', 'unsupported-media-type'] as const;
const WORK_PROBLEMS = ['too-many-requests', 'overloaded', 'unavailable', 'timeout'] as const;

export const operations = {
  search: {
    method: 'post',
    path: '/v1/search',
    summary: 'Sets of items for broad queries',
    description: 'Requests that arrive together are answered by one call of the model.',
    access: 'read',
    body: { schema: searchRequestSchema, most: LIMITS.body },
    response: { status: 200, schema: searchResponseSchema },
    problems: [...BODY_PROBLEMS, ...WORK_PROBLEMS],
  },
  fanout: {
    method: 'post',
    path: '/v1/fanout',
    summary: 'Directions only',
    description: 'Where a search would look, as vectors, to search an index of your own.',
    access: 'read',
    body: { schema: fanoutRequestSchema, most: LIMITS.body },
    response: { status: 200, schema: fanoutResponseSchema },
    problems: [...BODY_PROBLEMS, 'conflict', ...WORK_PROBLEMS],
  },
  items: {
    method: 'post',
    path: '/v1/items',
    summary: 'Add, replace and delete items',
    description:
      'Answered once the changes are on disk; they are embedded in the background, and searches see them then. The trained models stay as they are: `drift` in `/v1/info` says when to compile again.',
    access: 'full',
    body: { schema: itemsRequestSchema, most: LIMITS.itemsBody },
    response: { status: 202, schema: itemsResponseSchema },
    problems: [...BODY_PROBLEMS, 'conflict', 'unavailable'],
  },
  label: {
    method: 'post',
    path: '/v1/labels',
    summary: 'Say which items and sets are on topic',
    description:
      'Answered once the judgments are on disk, with the labelled sets that follow: `r4t compile --sets` reads these.',
    access: 'full',
    body: { schema: labelsRequestSchema, most: LIMITS.body },
    response: { status: 200, schema: labelsResponseSchema },
    problems: [...BODY_PROBLEMS, 'conflict', 'unavailable'],
  },
  labels: {
    method: 'get',
    path: '/v1/labels',
    summary: 'What was said of items and sets, and what it says of methods',
    access: 'read',
    query: labelsQuerySchema,
    response: { status: 200, schema: labelsSchema },
    problems: ['invalid-request', 'conflict', 'unavailable'],
  },
  image: {
    method: 'get',
    path: '/v1/items/{id}/image',
    summary: 'Picture of an item',
    description:
      'Where the compiled catalog names a file on the server; other items carry the URL of their picture.',
    access: 'read',
    response: { status: 200, contentType: 'image/*' },
    problems: ['not-found', 'unavailable'],
  },
  info: {
    method: 'get',
    path: '/v1/info',
    summary: 'The run, its catalog, drift and limits',
    access: 'read',
    response: { status: 200, schema: infoSchema },
    problems: ['unavailable'],
  },
  map: {
    method: 'get',
    path: '/v1/map',
    summary: 'The catalog as points in a plane',
    access: 'read',
    query: mapQuerySchema,
    response: { status: 200, schema: mapSchema },
    problems: ['invalid-request', 'unavailable'],
  },
  reload: {
    method: 'post',
    path: '/v1/reload',
    summary: 'Load the run again',
    description: 'As at SIGHUP. Searches go on meanwhile; if the run cannot be loaded, the old one stays.',
    access: 'full',
    response: { status: 200, schema: reloadResponseSchema },
    problems: ['conflict'],
  },
  healthz: {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process lives',
    access: 'open',
    response: { status: 200, schema: statusSchema },
    problems: [],
  },
  readyz: {
    method: 'get',
    path: '/readyz',
    summary: 'Whether searches are answered',
    access: 'open',
    response: { status: 200, schema: statusSchema },
    problems: ['unavailable'],
  },
  metrics: {
    method: 'get',
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    access: 'read',
    response: { status: 200, contentType: 'text/plain' },
    problems: [],
  },
  openapi: {
    method: 'get',
    path: '/openapi.json',
    summary: 'This description (OpenAPI 3.1)',
    access: 'open',
    response: { status: 200, contentType: 'application/json' },
    problems: [],
  },
  docs: {
    method: 'get',
    path: '/docs',
    summary: 'This description for people',
    access: 'open',
    response: { status: 200, contentType: 'text/html' },
    problems: [],
  },
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof operations;
