/** The reference pages say what the code does. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { trainingDefaults } from '../diffusion/config.js';
import { QUESTION_TEXTS, QUESTIONS } from '../evaluate/judge/questions.js';
import { METHOD_NAMES } from '../retrieve/methodNames.js';
import { METHODS } from '../retrieve/methods.js';
import { configSchema } from '../run/config.js';
import { parseConfig } from '../run/parseConfig.js';
import {
  directionSchema,
  itemSchema,
  metricsSchema,
  searchRequestSchema,
  setResultSchema,
} from '../serve/http/schemas.js';
import { runCli } from './testing/shop.js';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

/** A section of paper.md in a comment, up to the next mark or the end of the line. */
const CITATION = /docs\/paper\.md, ([\w -]+)/g;

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Every setting as a dotted path. */
function settings(schema: JsonSchema, path: readonly string[] = []): string[] {
  // A reward is a function, a module or an object of settings; these come last.
  const { properties } = ((schema.anyOf ?? schema.oneOf)?.at(-1) as JsonSchema | undefined) ?? schema;
  // An object that must say its kind is one setting, described as a whole.
  const kind = properties?.kind as JsonSchema | undefined;
  if (!properties || (kind && kind.default === undefined)) return [path.join('.')];
  return Object.entries(properties).flatMap(([name, inner]) =>
    settings(inner as JsonSchema, [...path, name]),
  );
}

it('config.md has every setting with its default', () => {
  const rows = Array.from(page('config.md').matchAll(/^\| `([\w.]+)` \| (.+?) \|/gm), ([, name, value]) => [
    name,
    value,
  ]);
  const documented = Object.fromEntries(rows) as Record<string, string>;
  const known = settings(z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }));
  expect(Object.keys(documented).sort()).toEqual(known.sort());

  const defaults = parseConfig({});
  for (const path of known) {
    const value = path
      .split('.')
      .reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], defaults);
    if (value !== undefined) expect(documented[path], path).toBe(`\`${JSON.stringify(value)}\``);
    else expect(documented[path], path).not.toMatch(/^`[\d"]/);
  }
});

it('config.md has the training settings of the presets', () => {
  for (const setting of ['steps', 'batchSize', 'learningRate', 'emaDecay'] as const) {
    const { small, paper } = trainingDefaults;
    const figure = (value: number) => (value < 1 ? String(value) : value.toLocaleString('en'));
    const text = `${figure(small[setting])} for \`small\`, ${figure(paper[setting])} for \`paper\`.`;
    expect(page('config.md')).toMatch(new RegExp(`\`diffusion.${setting}\` .*${text}`));
  }
});

it.each([
  'demo',
  'import',
  'queries',
  'compile',
  'search',
  'info',
  'ui',
  'export',
  'judge',
  'serve',
  'label',
  'send',
  'mcp',
  'metrics',
  'serve-reward',
  'train',
  'push',
  'evaluate',
])('cli.md has every option of %s', async (command) => {
  const { code, stdout } = await runCli([command, '--help']);
  expect(code).toBe(0);
  const options = Array.from(stdout.matchAll(/^ {2}(?:-\w, )?(--?[\w-]+)/gm), ([, name]) => name);
  const section = page('cli.md')
    .split(/^## /m)
    .find((text) => text.startsWith(`${command}\n`));
  for (const name of options.filter((name) => name !== '--help')) expect(section).toContain(`\`${name}`);
});

it('judge.md has the anchors of every question', () => {
  for (const score of [1, 2, 3, 4, 5]) {
    const cells = QUESTIONS.map((question) => QUESTION_TEXTS[question].anchors[score - 1]);
    expect(page('judge.md')).toContain(`| ${score} | ${cells.join(' | ')} |`);
  }
});

it.each(['cli.md', 'library.md'])(
  '%s has a row for every method, which says whether it takes a diversity',
  (name) => {
    const rows = new Map(
      Array.from(page(name).matchAll(/^\| `(\w+)` \|.*\| *(yes)? *\|$/gm), ([, method, yes]) => [
        method,
        yes,
      ]),
    );
    for (const method of METHOD_NAMES) {
      expect(rows.has(method), method).toBe(true);
      expect(rows.get(method) === 'yes', method).toBe(METHODS[method].setting?.name === 'diversity');
    }
  },
);

it('paper.md has every section that a comment cites', () => {
  const headings = new Set(Array.from(page('paper.md').matchAll(/^#+ (.+)$/gm), ([, heading]) => heading));
  const source = new URL('../', import.meta.url);
  const cited = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('docs.test.ts'))
    .flatMap((file) => Array.from(readFileSync(new URL(file, source), 'utf8').matchAll(CITATION)))
    .map(([, section]) => section);
  expect(cited.length).toBeGreaterThan(20);
  for (const section of cited) expect(headings).toContain(section);
});

it('http.md has every field of a search, its answer and its items', () => {
  const section = page('http.md').split('## Searching')[1].split('\n## ')[0];
  const example = section.split('```json')[1].split('```')[0];
  expect(searchRequestSchema.parse(JSON.parse(example)).method).toBe('mmr');
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const named = new Set(rows.flatMap((row) => Array.from(row.matchAll(/`(\w+)`/g), ([, name]) => name)));
  const fields = [searchRequestSchema, setResultSchema, itemSchema, metricsSchema, directionSchema].flatMap(
    ({ shape }) => Object.keys(shape),
  );
  expect(fields.filter((name) => !named.has(name))).toEqual([]);
});

/** The name of a heading in an address, as GitHub and VitePress make it of plain words. */
const slugOf = (heading: string): string =>
  heading
    .replaceAll(/[`*]|\[|\]\([^)]*\)/g, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

it('no link between pages is dead, nor a picture missing', () => {
  const root = new URL('../../', import.meta.url);
  const pages = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'));
  const dead: string[] = [];
  const prose = (file: string) => readFileSync(new URL(file, root), 'utf8').replaceAll(/^```.*?^```/gms, '');
  const anchors = (file: string) => [
    ...Array.from(prose(file).matchAll(/^#+ (.+)$/gm), ([, heading]) => slugOf(heading)),
    ...Array.from(prose(file).matchAll(/<a id="([^"]+)">/g), ([, id]) => id),
  ];
  for (const file of ['README.md', ...pages.map((name) => `docs/${name}`)]) {
    const links = [
      ...Array.from(prose(file).matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link),
      ...Array.from(prose(file).matchAll(/<img src="([^"]+)"/g), ([, link]) => link),
    ];
    for (const link of links.filter((to) => !/^https?:/.test(to))) {
      const [path, anchor] = link.split('#');
      const target = path === '' ? file : new URL(path, `file:///${file}`).pathname.slice(1);
      const isThere = existsSync(new URL(target, root));
      if (!isThere || (anchor !== undefined && !anchors(target).includes(anchor)))
        dead.push(`${file}: ${link}`);
    }
  }
  expect(dead).toEqual([]);
});
