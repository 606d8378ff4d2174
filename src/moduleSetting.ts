/** Settings that name a module of the user's. */
import { isAbsolute, parse, relative, resolve, sep } from 'node:path';
import * as z from 'zod';

/** A TypeScript or JavaScript file whose default export is what the setting asks for. */
export const moduleSetting = z.strictObject({ kind: z.literal('module'), path: z.string().min(1) });
export type ModuleSetting = z.output<typeof moduleSetting>;

export const isModule = (setting: unknown): setting is ModuleSetting =>
  typeof setting === 'object' && setting !== null && (setting as { kind?: unknown }).kind === 'module';

/** Whether a name is a path by its form alone: absolute, or beginning with a dot. */
export const isPath = (name: string): boolean => isAbsolute(name) || /^\.{1,2}([\\/]|$)/.test(name);

/**
 * A path written relative to `from`, as an absolute one or, with `to`, relative to that folder: with slashes, and a dot in front, so
 * that it is a path by its form. What shares but the root with the folder belongs to the machine, not to a project that may move:
 * it stays absolute.
 */
export function placePath(path: string, from: string, to?: string): string {
  const absolute = resolve(from, path);
  if (to === undefined) return absolute;
  const folder = resolve(to);
  const way = relative(folder, absolute).split(sep);
  if (resolve(folder, ...way.filter((part) => part === '..')) === parse(folder).root) return absolute;
  const slashes = way.join('/');
  return isPath(slashes) ? slashes : `./${slashes}`;
}

/** The setting with its path placed, if it is a module; any other unchanged. */
export const placeModule = <T>(setting: T, from: string, to?: string): T =>
  isModule(setting) ? { ...setting, path: placePath(setting.path, from, to) } : setting;
