/** Answers as Qdrant's documentation of its REST API says (https://api.qdrant.tech): for want of a server. It refuses what that does not name. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { dot } from '../../../matrix.js';

type Payload = Record<string, unknown>;

const vector = z.array(z.number());
const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const fieldCondition = z.union([
  z.strictObject({
    key: z.string(),
    match: z.union([
      z.strictObject({ any: z.array(z.string()) }),
      z.strictObject({ value: z.union([z.string(), z.int(), z.boolean()]) }),
    ]),
  }),
  z.strictObject({ key: z.string(), range: z.strictObject({ gte: z.number(), lte: z.number() }) }),
]);
type Condition = z.infer<typeof fieldCondition> | FilterBody;
interface FilterBody {
  must?: Condition[];
  should?: Condition[];
  must_not?: Condition[];
}
const filter: z.ZodType<FilterBody> = z.strictObject({
  must: z.array(z.lazy(() => condition)).optional(),
  should: z.array(z.lazy(() => condition)).optional(),
  must_not: z.array(z.lazy(() => condition)).optional(),
});
const condition: z.ZodType<Condition> = z.union([fieldCondition, filter]);

const REQUESTS = {
  create: z.strictObject({ vectors: z.strictObject({ size: z.int(), distance: z.enum(['Dot', 'Cosine']) }) }),
  index: z.strictObject({ field_name: z.string(), field_schema: z.enum(['keyword', 'float']) }),
  upsert: z.strictObject({
    points: z.array(z.strictObject({ id: uuid, vector, payload: z.record(z.string(), z.unknown()) })),
  }),
  delete: z.union([z.strictObject({ points: z.array(uuid) }), z.strictObject({ filter })]),
  count: z.strictObject({ exact: z.boolean(), filter: filter.optional() }),
  query: z.strictObject({
    searches: z.array(
      z.strictObject({
        query: vector,
        limit: z.int().positive(),
        with_payload: z.array(z.string()),
        filter: filter.optional(),
      }),
    ),
  }),
};

/** Every value at a path of the payload; of a list each member. */
function valuesAt(payload: Payload, key: string): unknown[] {
  const value = key.split('.').reduce<unknown>((at, name) => (at as Payload | undefined)?.[name], payload);
  return value === undefined || value === null ? [] : [value].flat();
}

function passes(payload: Payload, body: Condition): boolean {
  if ('key' in body) {
    const values = valuesAt(payload, body.key);
    if ('range' in body)
      return values.some(
        (value) => typeof value === 'number' && value >= body.range.gte && value <= body.range.lte,
      );
    const wanted =
      'any' in body.match ? new Set<unknown>(body.match.any) : new Set<unknown>([body.match.value]);
    return values.some((value) => wanted.has(value));
  }
  const { must = [], should = [], must_not = [] } = body;
  return (
    must.every((part) => passes(payload, part)) &&
    (should.length === 0 || should.some((part) => passes(payload, part))) &&
    !must_not.some((part) => passes(payload, part))
  );
}

interface Stored {
  readonly size: number;
  readonly points: Map<string, { vector: number[]; payload: Payload }>;
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface QdrantStub {
  readonly url: string;
  /** Headers of the last request. */
  readonly headers: () => IncomingMessage['headers'];
  stop(): Promise<void>;
}

export async function qdrantStub(): Promise<QdrantStub> {
  const collections = new Map<string, Stored>();
  let headers: IncomingMessage['headers'] = {};

  function answer(method: string, path: string, body: unknown): unknown {
    const [, name, action = ''] = /^\/collections\/([^/?]+)(?:\/?([^?]*))?/.exec(path) ?? [];
    if (name === undefined) throw new Refusal(404, 'Not found');
    if (action === '' && method === 'PUT') {
      const { vectors } = REQUESTS.create.parse(body);
      collections.set(name, { size: vectors.size, points: new Map() });
      return true;
    }
    if (action === '' && method === 'DELETE') return collections.delete(name);
    const found = collections.get(name);
    if (!found) throw new Refusal(404, `Not found: Collection \`${name}\` doesn't exist!`);
    const { size, points } = found;
    const updated = { operation_id: 1, status: 'completed' };
    switch (`${method} ${action}`) {
      case 'GET ':
        return {
          status: 'green',
          points_count: points.size,
          config: { params: { vectors: { size, distance: 'Dot' } } },
        };
      case 'PUT index':
        REQUESTS.index.parse(body);
        return updated;
      case 'PUT points':
        for (const { id, ...point } of REQUESTS.upsert.parse(body).points) {
          if (point.vector.length !== size)
            throw new Refusal(
              400,
              `Wrong input: Vector dimension error: expected dim: ${size}, got ${point.vector.length}`,
            );
          points.set(id, point);
        }
        return updated;
      case 'POST points/delete': {
        const selector = REQUESTS.delete.parse(body);
        for (const [id, { payload }] of points)
          if ('points' in selector ? selector.points.includes(id) : passes(payload, selector.filter))
            points.delete(id);
        return updated;
      }
      case 'POST points/count': {
        const { filter = {} } = REQUESTS.count.parse(body);
        return { count: [...points.values()].filter(({ payload }) => passes(payload, filter)).length };
      }
      case 'POST points/query/batch':
        return REQUESTS.query.parse(body).searches.map((search) => {
          const passing = [...points].filter(([, { payload }]) => passes(payload, search.filter ?? {}));
          const scored = passing.map(([id, point]) => ({
            id,
            score: dot(point.vector, search.query),
            point,
          }));
          scored.sort((a, b) => b.score - a.score);
          return {
            points: scored.slice(0, search.limit).map(({ id, score, point }) => ({
              id,
              version: 0,
              score,
              payload: Object.fromEntries(search.with_payload.map((key) => [key, point.payload[key]])),
            })),
          };
        });
      default:
        throw new Refusal(404, 'Not found');
    }
  }

  const server = createServer(async (request, response) => {
    headers = request.headers;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const say = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    try {
      const result = answer(
        request.method ?? '',
        request.url ?? '',
        text === '' ? undefined : JSON.parse(text),
      );
      say(200, { result, status: 'ok', time: 0.001 });
    } catch (error) {
      const status = error instanceof Refusal ? error.status : 400;
      say(status, { status: { error: error instanceof Error ? error.message : '' }, time: 0 });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: () => headers,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
