import { describe, expect, it } from 'vitest';
import type { ReportData } from '../results.js';
import { reportMarkdown } from './markdown.js';
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
  it('shows means with intervals, and the best in bold', () => {
    const text = reportMarkdown(sampleReport());
    expect(row(text, 'Results', 'Plain search')).toEqual([
      'Plain search',
      '0.200 [0.180, 0.230]',
      '0.250 [0.230, 0.280]',
      '0.300 [0.280, 0.330]',
      '0.350 [0.330, 0.380]',
      '0.02',
    ]);
    expect(row(text, 'Results', 'Diffusion, untrained')[1]).toBe('**0.590** [0.570, 0.620]');
    expect(text.match(/\*\*0\.\d+\*\*/g)).toHaveLength(6);
  });

  it('has a dash for groundedness and composite of methods without directions', () => {
    const text = reportMarkdown(sampleReport({ task: 'oar' }));
    for (const name of ['Plain search', 'MMR', 'DPP']) {
      const [, groundedness, diversity, , composite] = row(text, 'Results', name);
      expect([groundedness, composite]).toEqual(['-', '-']);
      expect(diversity).toMatch(/^0\.\d{3} \[/);
    }
    expect(row(text, 'Results', 'k-means')[1]).toMatch(/^0\.\d{3} \[/);
  });

  it('shows the paired test, the seeds, the steps, the settings and the command', () => {
    const text = reportMarkdown(sampleReport());
    expect(row(text, 'Against the best baseline', 'FOLM')).toEqual([
      'FOLM',
      'Keywords',
      '+0.060',
      '[+0.040, +0.090]',
      '0.004',
    ]);
    expect(row(text, 'Spread over seeds', 'FOLM')[1]).toBe('0.490 / 0.500 / 0.510');
    expect(row(text, 'Spread over seeds', 'Plain search')).toEqual([]);
    expect(row(text, 'Diffusion by number of steps', '   64')).toContain('19.2');
    expect(row(text, 'Failures', 'Keywords')).toEqual(['Keywords', 'the of and', 'has no content word']);
    expect(text).toContain('- mmrLambda = 0.7');
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
    expect(section).toMatch(/- FOLM: a tent → Item \d; a stove → \*\*Item \d\*\*/);
    expect(reportMarkdown({ ...data, queries: [] })).not.toContain('Ten queries');
  });
});
