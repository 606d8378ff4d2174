import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { compileTiny, serveTiny, type TinyService } from '../testing/tinyRun.js';
import { findKey, isLocalHostHeader, isLoopback, loadKeys, parseKeys } from './auth.js';
import { operations } from './operations.js';

const temp = tempFolder();
const FULL = 'full-key-0123456789';
const READ = 'read-key-0123456789';
const keys = parseKeys(`full:${FULL}, read:${READ}`, {});

describe('keys', () => {
  it('are read from a file and a variable', async () => {
    const file = temp.write('keys.txt', `# shop\nread:${READ}\n\nfull:${FULL}\n`);
    const found = await loadKeys(file, 'read:from-the-variable-1');
    expect(found.map(({ role }) => role)).toEqual(['read', 'read', 'full']);
    expect(findKey(found, FULL)?.role).toBe('full');
    expect(findKey(found, 'from-the-variable-1')?.role).toBe('read');
    expect(JSON.stringify(found)).not.toContain(FULL);
  });

  it.each([
    ['nokey', ':1: holds a key without a role; write full:<key> or read:<key>'],
    ['# x\nfull:short', ':2: holds a key that is too short or has white space; use 16 characters or more'],
    ['\n', ': holds no key; write full:<key> or read:<key>, one a line'],
  ])('%j are refused', async (text, message) => {
    const file = temp.write('bad.txt', text);
    await expect(loadKeys(file, undefined)).rejects.toThrow(file + message);
    await expect(loadKeys('none.txt', undefined)).rejects.toThrow('none.txt: does not exist');
  });

  it('open nothing but with all of their characters', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(text !== FULL && text !== READ);
        expect(findKey(keys, text)).toBeUndefined();
        expect(findKey(keys, FULL + text)?.role).toBe(text === '' ? 'full' : undefined);
      }),
    );
  });
});

it('knows addresses that mean this machine', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'])
    expect(isLoopback(host)).toBe(true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.evil.example', '127.0.0.1.evil.example']) {
    expect(isLoopback(host)).toBe(false);
  }
  expect(isLocalHostHeader('localhost:7480')).toBe(true);
  expect(isLocalHostHeader('[::1]:7480')).toBe(true);
  expect(isLocalHostHeader('evil.example:7480')).toBe(false);
});

describe('a service with keys', () => {
  let service: TinyService;
  beforeAll(async () => {
    service = await serveTiny(await compileTiny(temp, { stage: 'encode' }), { keys });
  });
  afterAll(() => service.host.close());

  const call = (path: string, method: string, headers: Record<string, string>) =>
    service.request(`http://shop.example${path.replace('{id}', 'x')}`, { method, headers });

  it.each(Object.entries(operations))('asks for the right key: %s', async (_, { path, method, access }) => {
    const verb = method.toUpperCase();
    const none = await call(path, verb, {});
    const wrong = await call(path, verb, { Authorization: `Bearer ${FULL}x` });
    for (const response of [none, wrong]) {
      if (access === 'open') expect(response.status).toBe(200);
      else {
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
    const read = await call(path, verb, { Authorization: `bearer ${READ}` });
    if (access === 'full') expect(read.status).toBe(403);
    else expect([401, 403]).not.toContain(read.status);
    if (path === '/v1/reload') return;
    const full = await call(path, verb, { 'X-API-Key': FULL });
    expect([401, 403]).not.toContain(full.status);
  });
});
