/** Calls of the service that this page is served by. */
import type {
  CatalogMap,
  Info,
  LabelsAnswer,
  LabelsRequest,
  LabelsResponse,
  Problem,
  SearchRequest,
  SearchResponse,
} from '../../src/serve/http/schemas.js';

/** An answer that is an error; `field` names what is wrong with the request, where it is. */
export class ServiceError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly fields: readonly string[] = [],
  ) {
    super(message);
  }
}

const KEY = 'r4t-key';

/** The API key, for this tab only. */
export function setApiKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

/** The headers that show the key, or undefined where none is needed. */
function keyHeaders(): Record<string, string> | undefined {
  const key = sessionStorage.getItem(KEY);
  return key === null ? undefined : { authorization: `Bearer ${key}` };
}

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = {
    ...(init.body !== undefined && { 'content-type': 'application/json' }),
    ...keyHeaders(),
  };
  const response = await fetch(path, { ...init, headers }).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new ServiceError('the server does not answer; is it still running?', 0);
  });
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  const fields = problem.errors ?? [];
  const text = fields[0]?.detail ?? problem.detail ?? `the server answered ${response.status}`;
  throw new ServiceError(
    text,
    response.status,
    fields.map(({ field }) => field),
  );
}

export const getInfo = (): Promise<Info> => call('v1/info');

export const getMap = (): Promise<CatalogMap> => call('v1/map');

export const search = (request: SearchRequest, signal: AbortSignal): Promise<SearchResponse> =>
  call('v1/search', { method: 'POST', body: JSON.stringify(request), signal });

export const getLabels = (): Promise<LabelsAnswer> => call('v1/labels');

export const sendLabels = (body: LabelsRequest): Promise<LabelsResponse> =>
  call('v1/labels', { method: 'POST', body: JSON.stringify(body) });

/** A picture as a browser can show it: an element cannot send a key, so one behind a key is fetched here. */
export async function pictureUrl(image: string, signal: AbortSignal): Promise<string> {
  const headers = keyHeaders();
  if (!headers || !image.startsWith('/')) return image;
  const response = await fetch(image, { headers, signal });
  if (!response.ok) throw new ServiceError(`the server answered ${response.status}`, response.status);
  return URL.createObjectURL(await response.blob());
}

/** Whether pictures of this server must be fetched by `pictureUrl`. */
export const needsKey = (image: string): boolean => image.startsWith('/') && keyHeaders() !== undefined;
