/** API keys: who may ask, and who may change items. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InputError } from '../../errors.js';
import { readError } from '../../inputFile.js';

/** `full` may do everything; `read` may neither change items, nor label, nor reload. */
export type Role = 'full' | 'read';

export interface ApiKey {
  readonly role: Role;
  /** SHA-256; the key itself is not kept. */
  readonly hash: Buffer;
}

/** A shorter key can be guessed. */
const MIN_LENGTH = 16;

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * Parses keys: `full:<key>` or `read:<key>`, one a line or separated by commas; lines that begin with # are comments.
 *
 * @throws InputError naming the line
 */
export function parseKeys(
  text: string,
  source: { readonly file?: string; readonly field?: string },
): ApiKey[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim().startsWith('#')) return [];
    const entries = line.split(',').map((entry) => entry.trim());
    return entries
      .filter((entry) => entry !== '')
      .map((entry): ApiKey => {
        const [, role, key] = /^(full|read):(.*)$/.exec(entry) ?? [];
        const at = source.file === undefined ? source : { ...source, line: i + 1 };
        if (key === undefined)
          throw new InputError('holds a key without a role; write full:<key> or read:<key>', at);
        if (key.length < MIN_LENGTH || /\s/.test(key)) {
          throw new InputError(
            `holds a key that is too short or has white space; use ${MIN_LENGTH} characters or more`,
            at,
          );
        }
        return { role: role as Role, hash: hashOf(key) };
      });
  });
}

/** The keys of a file and of the variable R4T_API_KEYS, together. */
export async function loadKeys(file: string | undefined, variable: string | undefined): Promise<ApiKey[]> {
  const keys = variable === undefined ? [] : parseKeys(variable, { field: 'R4T_API_KEYS' });
  if (file === undefined) return keys;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw readError(error, file);
  });
  const found = parseKeys(text, { file });
  if (found.length === 0)
    throw new InputError('holds no key; write full:<key> or read:<key>, one a line', { file });
  return [...keys, ...found];
}

/** The key that was presented, or undefined. Takes the same time whichever key it is, or none. */
export function findKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  const hash = hashOf(presented);
  let found: ApiKey | undefined;
  for (const key of keys) if (timingSafeEqual(key.hash, hash)) found = key;
  return found;
}

/**
 * The key of a request: `Authorization: Bearer <key>`, `X-API-Key: <key>`, or the password of Basic authentication, for programs that are
 * given nothing but a URL (`http://r4t:<key>@host`).
 */
export function presentedKey(headers: Headers): string | undefined {
  const [, scheme, said] = /^(Bearer|Basic) +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? [];
  if (scheme?.toLowerCase() === 'basic')
    return Buffer.from(said, 'base64')
      .toString()
      .replace(/^[^:]*:/, '');
  return said ?? headers.get('x-api-key') ?? undefined;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/** Whether an address or host name means this machine only. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** Whether a `Host` header names this machine: a page elsewhere could point its own name at 127.0.0.1. */
export function isLocalHostHeader(header: string | undefined): boolean {
  return header !== undefined && isLoopback(header.replace(/:\d+$/, ''));
}
