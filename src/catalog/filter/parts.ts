/** Lists and paths that are written as text. */
import { evenly } from '../../evenly.js';
import type { Scalar } from './filter.js';

/** Longer texts are sentences, not lists or paths. */
const LONG_LIST = 1000;
/** More words between commas, or more letters, are clauses and not members of a list. */
const MEMBER = /^(?!.{31})[^\s<]+(?: [^\s<]+){0,3}$/;
/** A comma separates members if this share of the texts with one are members only, of which another text has some, too. */
const SHARED = 0.8;
/** And if at least this share of the texts has one: `Acme, Inc.` among brands is no list. */
const USUAL = 0.2;
/** Texts that are looked at to find the separator. */
const SAMPLE = 10_000;

/** Between the steps of a path. */
const STEP = /\s*(?:>{1,2}|›|»)\s*/;
/** Texts with an arrow or with markup are no paths. */
const NO_PATH = /[-=]>|</;

/** `Home >> Pans` as `Home > Pans`, however its steps are divided; other texts as they are. */
export function withPlainSteps(text: string): string {
  const steps = stepsOf(text);
  return steps.length === 0 ? text : steps.join(' > ');
}

/** The steps of a path `Home > Garden > Pots`; none for other texts. */
export function stepsOf(text: string): string[] {
  if (text.length > LONG_LIST || !/[>›»]/.test(text) || NO_PATH.test(text)) return [];
  const steps = text.split(STEP).map((step) => step.trim());
  return steps.length > 1 && steps.every((step) => step !== '') ? steps : [];
}

/**
 * Members of a list that is written as text: `["a", "b"]`, `['a', 'b']`, `a|b`, or with the separator that the field's
 * lists have; undefined for other texts.
 */
export function membersOf(text: string, separator?: Separator): Scalar[] | undefined {
  if (text.length > LONG_LIST) return undefined;
  const members = text.startsWith('[') && text.endsWith(']') ? listIn(text) : divided(text, separator);
  return members
    ?.map((member) => (typeof member === 'string' ? member.trim() : member))
    .filter((member) => member !== '');
}

function divided(text: string, separator?: Separator): string[] | undefined {
  if (text.includes('|')) return text.split('|');
  return separator !== undefined && text.includes(separator) ? text.split(separator) : undefined;
}

function listIn(text: string): Scalar[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isScalar) : [];
  } catch {
    // As Python writes it.
    const members = text
      .slice(1, -1)
      .matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"](?:[^,'"]*[^\s,'"])?)/gs);
    return [...members].flatMap(([, single, double, bare]) => {
      if (bare !== undefined) return bare === 'None' || bare === 'nan' ? [] : [bare];
      return [(single ?? double).replace(/\\(.)/gs, '$1')];
    });
  }
}

const isScalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);

export type Separator = ';' | ',';

/**
 * What separates the members of a field's lists, where its values are such lists: short, and with members in common, as
 * `new, sale` and `sale, summer` have, and sentences have not.
 */
export function separatorOf(values: readonly Scalar[]): Separator | undefined {
  const texts = evenly(values, SAMPLE).filter((value) => typeof value === 'string');
  return ([';', ','] as const).find((separator) => {
    const lists = texts.map((text) =>
      text.length > LONG_LIST ? [text] : [...new Set(text.split(separator).map((part) => part.trim()))],
    );
    const counts = new Map<string, number>();
    for (const part of lists.flat()) counts.set(part, (counts.get(part) ?? 0) + 1);
    const several = lists.filter((parts) => parts.length > 1);
    const shared = several.filter(
      (parts) => parts.every((part) => MEMBER.test(part)) && parts.some((part) => counts.get(part)! > 1),
    );
    return (
      several.length > 0 && several.length >= USUAL * texts.length && shared.length >= SHARED * several.length
    );
  });
}
