import { describe, expect, it } from 'vitest';
import type { ReportData } from '../results.js';
import { reportMarkdown } from './markdown.js';
import { verdict } from './sections/verdict.js';
import { sampleReport } from './testing/sampleReport.js';

/** Cells of the row of the first table after `heading` that starts with `name`. */
function row(markdown: string, heading: string, name: string): string[] {
  const section = markdown.slice(markdown.indexOf(`## ${heading}\n`));
  const line = section.split('\n').find((text) => text.startsWith(`| ${name} `)) ?? '';
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe('reportMarkdown', () => {
  it('has the verdict right after the title, then the table by labels, then diagnostics', () => {
    const text = reportMarkdown(sampleReport());
    const [title, answer] = text.split('\n\n');
    expect([title, answer]).toEqual(['# camping', verdict(sampleReport().results).join(' ')]);
    expect(text.match(/^## .*/gm)?.slice(0, 4)).toEqual([
      '## By labels',
      '## Paired comparisons',
      '## Diagnostics',
      '## Spread over seeds',
    ]);
  });

  it('shows means, of the main metric with its interval, and the best in bold', () => {
    const text = reportMarkdown(sampleReport());
    const figures = ['0.100', '0.130', '0.160', '0.190', '0.220 [0.200, 0.250]', '0.250', '0.280'];
    const ofBudget = ['0.310', '0.340'];
    expect(row(text, 'By labels', 'Plain search')).toEqual([
      'Plain search',
      ...figures,
      ...ofBudget,
      '0.210',
      '-',
      '−0.260',
      '0.02',
    ]);
    expect(row(text, 'By labels', 'Diffusion, untrained')[1]).toBe('**0.500**');
    // Nine by labels, four by the reward's encoder and two by another one.
    expect(text.match(/\*\*0\.\d+\*\*/g)).toHaveLength(15);
    expect(row(text, 'By labels', 'method')).toContain('Recall@40');
  });

  it('has diagnostics alone where there are no labels, and a dash for what means nothing', () => {
    const text = reportMarkdown(sampleReport({ labelled: false, task: 'oar' }));
    expect(text).not.toMatch(/## (By labels|Paired comparisons|Best and worst)/);
    for (const name of ['Plain search', 'MMR', 'Vote']) {
      const [, groundedness, diversity, , composite] = row(text, 'Diagnostics', name);
      expect([groundedness, composite]).toEqual(['-', '-']);
      expect(diversity).toMatch(/^0\.\d{3}$/);
    }
    expect(row(text, 'Diagnostics', 'k-means')[1]).toMatch(/^0\.\d{3}$/);
  });

  it('has what the judge says first where there are no labels, with its intervals', () => {
    const data = sampleReport({ labelled: false, task: 'oar', judged: true });
    const validated = { metric: 'reward', queries: 9 } as const;
    const plain = { ...data.results.methods.plain!, validation: 0.3 };
    const results = { ...data.results, validated, methods: { ...data.results.methods, plain } };
    const text = reportMarkdown({ ...data, results });
    expect(text.match(/^## .*/gm)?.slice(0, 3)).toEqual([
      '## By the judge',
      '## Diagnostics',
      '## Spread over seeds',
    ]);
    expect(text).toContain('judged@4 is how relevant the judge of the run (hybrid) finds the items shown');
    expect(row(text, 'By the judge', 'Plain search')).toEqual([
      'Plain search',
      '0.100 [0.080, 0.130]',
      '0.300',
      '0.02',
    ]);
    expect(row(text, 'By the judge', 'Diffusion, untrained')[1]).toMatch(/^\*\*0\.\d{3}\*\* \[/);
    expect(row(text, 'Spread over seeds', 'method')[1]).toBe('judged@4');
  });

  it('shows the paired test, the seeds, the steps, the settings and the command', () => {
    const text = reportMarkdown(sampleReport());
    const FOLM = ['+0.340', '[+0.320, +0.370]', '0.004', '+0.080', '[+0.060, +0.110]', '0.004'];
    expect(row(text, 'Paired comparisons', 'FOLM')).toEqual(['FOLM', ...FOLM]);
    expect(row(text, 'Spread over seeds', 'FOLM')[1]).toBe('0.430 / 0.440 / 0.450');
    expect(row(text, 'Spread over seeds', 'Plain search')).toEqual([]);
    expect(row(text, 'Diffusion by number of steps', '   64')).toEqual(['64', '0.400', '19.2']);
    expect(row(text, 'Failures', 'Keywords')).toEqual(['Keywords', 'the of and', 'has no content word']);
    expect(text).toContain('- mmr.diversity = 0.3');
    expect(text).toContain('```sh\nr4t evaluate runs/camping --out evaluation\n```');
  });

  it('keeps every table a table whatever the texts hold', () => {
    const nasty = 'a | b\n\n# c `d` <script> **e** \\| [f](g)';
    const data: ReportData = {
      ...sampleReport(),
      failures: [{ method: 'folm', query: nasty, reason: nasty }],
      command: 'echo ```',
    };
    const text = reportMarkdown(data);
    const [, query, reason, ...more] = row(text, 'Failures', 'FOLM');
    expect(query).toBe('a \\| b \\# c \\`d\\` &lt;script\\> \\*\\*e\\*\\* \\\\\\| \\[f\\](g)');
    expect([reason, more]).toEqual([query, []]);
    expect(text).toContain('````sh\necho ```\n````');
  });

  it('says so where there is nothing', () => {
    const { results } = sampleReport();
    const text = reportMarkdown({
      results: { ...results, methods: {}, heldoutEncoder: undefined },
      curves: [],
      queries: [],
      steps: [],
      failures: [],
      command: 'r4t',
    });
    expect(text).toContain('No query failed.');
    expect(text).not.toContain('## Spread over seeds');
    expect(text).not.toContain('undefined');
  });

  it('shows ten queries, evenly from all, with sub-queries and relevant items', () => {
    const data = sampleReport();
    const text = reportMarkdown(data);
    const section = text.slice(text.indexOf('## Ten queries'), text.indexOf('## Failures'));
    expect(section.match(/^### .*/gm)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10].map((i) => `### query ${i}`));
    expect(section).toContain('- reference set: Item 1; Item 2');
    expect(section).toMatch(/- Plain search: Item 0; \*\*Item 1\*\*; Item 2; Item 3\n/);
    expect(section).not.toContain('- MMR:');
    expect(section).toContain('- Classifier: ');
    expect(section).toMatch(/- FOLM: a tent → Item \d; a stove → \*\*Item \d\*\*/);
    expect(reportMarkdown({ ...data, queries: [] })).not.toContain('Ten queries');
  });
});
