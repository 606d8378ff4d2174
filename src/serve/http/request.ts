/** What a request is before it is answered: whose it is, and what it says. */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { RequestIdVariables } from 'hono/request-id';
import { basePath } from 'hono/route';
import type * as z from 'zod';
import { parseJson } from '../../catalog/parseJson.js';
import { type ApiKey, findKey, isLocalHostHeader, presentedKey, type Role } from './auth.js';
import type { Operation } from './operations.js';
import { HttpProblem, invalidBy, invalidFields } from './problem.js';

/** What is known of a request while it is answered. */
export interface Variables extends RequestIdVariables {
  route: string;
  /** Who asks: the key, or else the address. */
  caller: string;
  queries?: readonly string[];
  error?: unknown;
}
export type Ctx = Context<{ Variables: Variables }>;

const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;

/** The path of another app that this one is part of, e.g. `/sets`; empty where it stands alone. */
export function mountOf(c: Ctx): string {
  const incoming = bindingsOf(c).incoming as { readonly baseUrl?: string } | undefined;
  const base = basePath(c);
  return (incoming?.baseUrl ?? '') + (base === '/' ? '' : base);
}

/** The path of a request as if the app stood alone. */
export function ownPath(c: Ctx): string {
  const base = basePath(c);
  return base === '/' ? c.req.path : c.req.path.slice(base.length) || '/';
}

const bindingsOf = ({ env }: Ctx): Partial<HttpBindings> => (env as Partial<HttpBindings> | undefined) ?? {};

/** Who may do what. */
export interface Guard {
  /** Keys that are asked for. */
  readonly keys: readonly ApiKey[];
  /**
   * Without keys: what whoever comes through may do, where the app that this one is part of has asked who it is. Absent, everybody may do
   * everything as long as the request names this machine as its host.
   */
  readonly access?: Role;
}

/**
 * @returns who asks
 * @throws HttpProblem unless the request may be made
 */
export function authorize(c: Ctx, { access }: Operation, { keys, access: granted }: Guard): string {
  if (keys.length === 0) {
    if (granted === 'read' && access === 'full')
      throw new HttpProblem('forbidden', 'this service is open for reading alone');
    if (granted !== undefined) return addressOf(c);
    if (isLocalHostHeader(new URL(c.req.url).host)) return addressOf(c);
    throw new HttpProblem(
      'forbidden',
      'the request names another host than this machine; start the server with API keys',
    );
  }
  if (access === 'open') return addressOf(c);
  const presented = presentedKey(c.req.raw.headers);
  const key = presented === undefined ? undefined : findKey(keys, presented);
  if (key === undefined) {
    throw new HttpProblem(
      'unauthorized',
      presented === undefined ? 'send a key: Authorization: Bearer <key>' : 'the key is not known',
    );
  }
  if (access === 'full' && key.role === 'read') throw new HttpProblem('forbidden', 'this key may only read');
  return key.hash.toString('hex');
}

/** The caller's address; empty where no socket is behind the request. */
const addressOf = (c: Ctx): string => bindingsOf(c).incoming?.socket.remoteAddress ?? '';

/** Nothing that can be asked is nested deeper; checking it by recursion would exhaust the stack. */
const MOST_LEVELS = 128;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** The body, checked. */
export async function readBody<S extends z.ZodType>(c: Ctx, schema: S): Promise<z.output<S>> {
  if (!JSON_TYPE.test(c.req.header('content-type') ?? '')) {
    throw new HttpProblem('unsupported-media-type', 'send JSON with Content-Type: application/json');
  }
  let value: unknown;
  try {
    value = parseJson(await c.req.text());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidFields([{ field: '', detail: `is not valid JSON (${error.message})` }]);
  }
  if (isDeeper(value, MOST_LEVELS)) {
    throw invalidFields([{ field: '', detail: `is nested more than ${MOST_LEVELS} levels deep` }]);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw invalidBy(result.error);
  return result.data;
}
