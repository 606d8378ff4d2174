import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METHODS, type ReportData } from '../results.js';
import { BEHAVIOUR } from './behaviour.js';
import { reportPage } from './page.js';
import { sampleReport } from './testing/sampleReport.js';

const VOID = new Set(['meta', 'input', '!doctype']);

/** Names of the elements that are opened but not closed, or closed but not open; none in a page that is well formed. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const markup = page.replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, '');
  for (const [tag, closing, name] of markup.matchAll(/<(\/?)([a-z!][a-z0-9]*)[^>]*>/gi)) {
    if (closing === '') {
      if (!tag.endsWith('/>') && !VOID.has(name)) open.push(name);
    } else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

const scripts = (page: string) => [...page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];

/** The sample with one text everywhere where a text of a user can stand. */
function saying(text: string): ReportData {
  const data = sampleReport();
  return {
    ...data,
    results: { ...data.results, dataset: text, heldoutEncoder: text, tuned: { [text]: 1 } },
    queries: data.queries.slice(0, 2).map(({ sets }) => ({
      query: text,
      reference: [text],
      sets: {
        folm: {
          ...sets.folm!,
          items: sets.folm!.items.map((item) => ({ ...item, id: text, title: text, image: text })),
          subQueries: [text],
        },
        plain: { ...sets.plain!, metrics: { recallAtB: 0 } },
      },
    })),
    failures: [{ method: 'folm', query: text, reason: text }],
    command: text,
  };
}

describe('reportPage', () => {
  it.each(['wscr', 'oar'] as const)('shows every part of a report (%s)', (task) => {
    const page = reportPage(sampleReport({ task }));
    const ids = [...page.matchAll(/<section id="([\w-]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([
      'results',
      'trade-off',
      'latency',
      'training',
      'gains',
      'queries',
      'failures',
      'settings',
    ]);
    expect([...page.matchAll(/<a href="#([\w-]+)">/g)].map(([, id]) => id)).toEqual(ids);
    expect(unbalanced(page)).toEqual([]);
    const words = page
      .replace(/<script[\s\S]*?<\/script>/g, '')
      .match(/NaN|undefined|Infinity|\bnull\b|\[object/g);
    expect(words).toBeNull();
  });

  it('shows a report of almost nothing', () => {
    const { results } = sampleReport();
    const page = reportPage({
      results: {
        ...results,
        methods: { plain: results.methods.plain },
        heldoutEncoder: undefined,
        tuned: {},
      },
      curves: [],
      queries: [],
      steps: [],
      failures: [],
      command: 'r4t',
    });
    expect(unbalanced(page)).toEqual([]);
    expect([...page.matchAll(/<section id="([\w-]+)"/g)].map(([, id]) => id)).toEqual([
      'results',
      'failures',
      'settings',
    ]);
    expect(page.includes('No query failed.')).toBe(true);
  });

  it('has the best of each column in bold, and dashes where a figure means nothing', () => {
    const page = reportPage(sampleReport({ task: 'oar' }));
    const table = page.slice(page.indexOf('<tbody>'), page.indexOf('</tbody>'));
    const rows = table.split('<tr>').slice(1);
    expect(rows).toHaveLength(METHODS.length);
    for (const row of rows.slice(0, 4)) expect(row.match(/<td class="none">/g)).toHaveLength(3);
    expect(rows.at(-1)?.match(/class="best"/g)).toHaveLength(4);
    expect(rows.slice(0, -1).join('')).not.toContain('class="best"');
  });

  it('says plainly whether a compiled retriever is better', () => {
    const verdict = (low: number, high: number) => {
      const { results, ...data } = sampleReport();
      const againstBestBaseline = {
        mean: (low + high) / 2,
        low,
        high,
        pValue: 0.3,
        baseline: 'mmr' as const,
      };
      const methods = { ...results.methods, folm: { ...results.methods.folm!, againstBestBaseline } };
      return /<p class="verdict"><strong>(FOLM[^<]*)</.exec(
        reportPage({ ...data, results: { ...results, methods } }),
      )?.[1];
    };
    expect(verdict(0.01, 0.1)).toBe('FOLM is above MMR, the best baseline.');
    expect(verdict(-0.1, -0.01)).toBe('FOLM is below MMR, the best baseline.');
    expect(verdict(-0.1, 0.1)).toBe('FOLM is not clearly different from MMR, the best baseline.');
  });

  it('says which baselines the main metric leaves out, where it leaves out any', () => {
    const leftOut = (task: 'oar' | 'wscr') =>
      /Not in this comparison: ([^<]*)</.exec(reportPage(sampleReport({ task })))?.[1];
    expect(leftOut('oar')).toBe('Plain search, BM25, MMR, DPP.');
    expect(leftOut('wscr')).toBeUndefined();
  });

  it('needs no network and lets no script in but its own', () => {
    const page = reportPage(sampleReport(), new Map());
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? '';
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hash(scripts(page).at(-1)?.[2] ?? '')};`);
    expect(policy).toContain(`style-src ${hash(/<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '')};`);
    expect(page.match(/\b(src|href)="(?!#)| on\w+="| style="|url\(|@import|https?:/g)).toBeNull();
  });

  it('never lets a text of the catalog become part of the page', () => {
    const parts = [
      '<',
      '>',
      '"',
      "'",
      '&',
      '</script>',
      '<script>',
      '<!--',
      '-->',
      '</style>',
      '</title>',
      '\\',
      ' ',
    ];
    const hostile = fc.array(fc.constantFrom(...parts, '<img src=x onerror=alert(1)>', 'a'), {
      minLength: 1,
      maxLength: 6,
    });
    const calm = reportPage(saying('calm'));
    const shape = (page: string) =>
      [...page.replace(/<script[\s\S]*?<\/script>/g, '').matchAll(/<\/?[a-z]+/gi)].join(' ');
    fc.assert(
      fc.property(hostile, (texts) => {
        const text = texts.join('');
        const page = reportPage(saying(text));
        expect(shape(page) === shape(calm)).toBe(true);
        expect(scripts(page)).toHaveLength(2);
        const payload = JSON.parse(scripts(page)[0][2]);
        expect(payload.queries[0]).toMatchObject({ text, reference: [text] });
        expect(payload.items).toEqual(expect.arrayContaining([[text, -1]]));
      }),
      { numRuns: 10 },
    );
  });
});

describe('the script of the page', () => {
  it('is JavaScript which never turns text into markup', () => {
    expect(() => new Script(BEHAVIOUR)).not.toThrow();
    expect(BEHAVIOUR).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|<\/script/i);
  });

  it('finds the elements it looks for', () => {
    const page = reportPage(sampleReport());
    const wanted = [...BEHAVIOUR.matchAll(/find\('#([\w-]+)'\)/g)].map(([, id]) => id);
    expect(wanted.length).toBeGreaterThan(6);
    expect(wanted.filter((id) => !page.includes(`id="${id}"`))).toEqual([]);
  });
});
