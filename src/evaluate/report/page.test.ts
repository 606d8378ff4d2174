import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METHODS, type ReportData } from '../results.js';
import { BEHAVIOUR } from './behaviour.js';
import { reportPage } from './page.js';
import { verdict } from './sections/verdict.js';
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
        plain: { ...sets.plain!, metrics: { alphaNdcgAtK: 0 } },
      },
    })),
    failures: [{ method: 'folm', query: text, reason: text }],
    command: text,
  };
}

describe('reportPage', () => {
  it.each([
    { task: 'wscr', labelled: true },
    { task: 'oar', labelled: true },
    { task: 'oar', labelled: false },
    { task: 'oar', labelled: false, judged: true },
  ] as const)('shows every part of a report (%o)', (options) => {
    const page = reportPage(sampleReport(options));
    const ids = [...page.matchAll(/<section id="([\w-]+)"/g)].map(([, id]) => id);
    const all = ['results', 'latency', 'diagnostics', 'training', 'gains', 'queries', 'failures', 'settings'];
    const needLabels = ['results', 'gains'];
    const wanted = all.filter((id) => !needLabels.includes(id));
    const judged = 'judged' in options ? ['judge'] : [];
    expect(ids).toEqual(options.labelled ? all : [...judged, 'diagnostics', 'latency', ...wanted.slice(2)]);
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
      'diagnostics',
      'failures',
      'settings',
    ]);
    expect(page.includes('No query failed.')).toBe(true);
  });

  it('has labels before what embeddings say, and the verdict before both', () => {
    const { results, ...data } = sampleReport();
    const page = reportPage({ results, ...data });
    const headings = [...page.matchAll(/<table[^>]*><thead>([\s\S]*?)<\/thead>/g)].map(([, head]) =>
      [...head.matchAll(/<button[^>]*>([^<]*)</g)].map(([, title]) => title),
    );
    expect(headings.slice(0, 3).map((titles) => titles.slice(1, -1))).toEqual([
      [
        ...[
          'P@4',
          'Recall@4',
          'Hit@4',
          'S-recall@4',
          'alpha-nDCG@4',
          'nDCG@4',
          'MAP@4',
          'Recall@40',
          'Hit@40',
        ],
        ...['validation', 'vs Plain', 'vs Classifier'],
      ],
      [],
      ['Groundedness', 'Diversity', 'Alignment', 'Composite'],
    ]);
    const told = /<p class="verdict"><strong>([^<]*)<\/strong>([^<]*)<\/p>/.exec(page);
    expect(told?.[1]).toBe('Use r4t&#39;s Diffusion here:');
    expect(`${told?.[1]}${told?.[2]}`).toBe(verdict(results).join(' ').replaceAll("'", '&#39;'));
    expect(reportPage(sampleReport({ labelled: false }))).toContain(
      '<p class="verdict"><strong>No test query has a reference set, so nothing here says which method is better; the figures below are diagnostics.</strong></p>',
    );
    expect(page.indexOf('class="verdict"')).toBeLessThan(page.indexOf('<table'));
  });

  it('has what the judge says before what embeddings say, where there are no labels', () => {
    const page = reportPage(sampleReport({ task: 'oar', labelled: false, judged: true }));
    const headings = [...page.matchAll(/<table[^>]*><thead>([\s\S]*?)<\/thead>/g)].map(([, head]) =>
      [...head.matchAll(/<button[^>]*>([^<]*)</g)].map(([, title]) => title),
    );
    expect(headings[0]).toEqual(['Method', 'judged@4', 'ms/query']);
    expect(page).toContain('<dt>No labels; pictures show</dt><dd>judged@4');
    expect(page).toContain('Quality against latency');
    // The picture of means is that of the judge, and stands once.
    expect(page.match(/<figcaption>[\w@]+: mean and 95% interval/g)).toEqual([
      '<figcaption>judged@4: mean and 95% interval',
    ]);
  });

  it('has the best of each column in bold, marks the chosen method, and has dashes where a figure means nothing', () => {
    const page = reportPage(sampleReport());
    const bodies = [...page.matchAll(/<tbody>([\s\S]*?)<\/tbody>/g)].map(([, body]) => body);
    const rows = (body: string) => body.split('<tr>').slice(1);
    const [labels, , diagnostics] = bodies.map(rows);
    expect(labels).toHaveLength(METHODS.length);
    expect(labels.at(-1)?.match(/class="best"/g)).toHaveLength(9);
    expect(labels.slice(0, -1).join('')).not.toContain('class="best"');
    expect(METHODS.filter((_, i) => labels[i].includes('class="badge"'))).toEqual(['diffusion']);
    // Plain search is not compared with itself, nor is the best baseline.
    expect(METHODS.filter((_, i) => labels[i].includes('class="none"'))).toEqual(['plain', 'classifier']);
    for (const name of ['plain', 'hybrid', 'groupCap', 'vote'] as const)
      expect(diagnostics[METHODS.indexOf(name)].match(/class="none"/g)).toHaveLength(2);
    expect(diagnostics[METHODS.indexOf('kmeans')]).not.toContain('class="none"');
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
