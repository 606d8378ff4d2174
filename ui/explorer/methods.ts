/** The methods as this page shows them: their names are those of reports, what they can do here is what the service says. */
import { qualityName } from '../../src/choose/qualityMetric.js';
import { type Family, METHOD_INFO } from '../../src/evaluate/report/names.js';
import { METHOD_NAMES, type Method } from '../../src/retrieve/methodNames.js';
import type { Info } from '../../src/serve/http/schemas.js';

/** Every method, in the order of their columns. */
export const METHODS: readonly Method[] = METHOD_NAMES;

export const nameOf = (method: Method): string => METHOD_INFO[method].name;

export const aboutOf = (method: Method): string => METHOD_INFO[method].about;

export const familyOf = (method: Method): Family => METHOD_INFO[method].family;

const HEADINGS: readonly { readonly title: string; readonly families: readonly Family[] }[] = [
  { title: 'Search for the query', families: ['search'] },
  { title: 'Search in several directions', families: ['expansion'] },
  { title: 'Learned from sets that people made', families: ['labels'] },
  { title: 'Compiled', families: ['policy', 'diffusion'] },
];

/** Families under one heading of the list of methods. */
export const GROUPS = HEADINGS.map(({ title, families }) => ({
  title,
  methods: METHODS.filter((method) => families.includes(familyOf(method))),
}));

/** Whether the method looks in directions of its own, which the map can show. */
export const hasDirections = (method: Method): boolean => !['search', 'labels'].includes(familyOf(method));

/** Whether other random numbers give another set. */
export const isRandom = (method: Method): boolean => ['kmeans', 'folm', 'diffusion'].includes(method);

/** What is compared first: plain search with the method that the run answers by, and with what it compiled. */
export function defaultMethods(info: Pick<Info, 'method' | 'methods'>): readonly Method[] {
  const able = new Set(info.methods.filter(({ missing }) => missing === undefined).map((m) => m.method));
  return METHODS.filter(
    (method) => method === 'plain' || (able.has(method) && [info.method, 'diffusion'].includes(method)),
  );
}

/** Why the run answers by its method, as far as it has compared them. */
export function whyAuto({ auto, k }: Pick<Info, 'auto' | 'k'>): string {
  if (!auto) return 'Answers searches that name no method';
  const { metric, value, queries, plain, bestBaseline } = auto;
  const of = [bestBaseline, { method: 'plain' as const, value: plain }]
    .filter(
      ({ method }, i, all) => method !== auto.method && all.findIndex((one) => one.method === method) === i,
    )
    .map((rival) => `${nameOf(rival.method)} ${rival.value.toFixed(3)}`);
  return `Best on ${queries} validation queries: ${qualityName(metric, k)} ${value.toFixed(3)}${of.length > 0 ? ` (${of.join(', ')})` : ''}`;
}
