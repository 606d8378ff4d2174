import { describe, expect, it } from 'vitest';
import { type Column, formatTable } from './table.js';

interface Row {
  method: string;
  diversity?: number;
  ms: number;
}
const rows: Row[] = [
  { method: 'plain', diversity: 0.51234, ms: 0.4 },
  { method: 'diffusion', diversity: 0.8, ms: 12.25 },
  { method: 'folm', ms: Number.NaN },
];
const columns: Column<Row>[] = [
  { title: 'method', value: (r) => r.method },
  { title: 'diversity', value: (r) => r.diversity },
  { title: 'ms', value: (r) => r.ms, digits: 1 },
];

describe('formatTable', () => {
  it('aligns text left and numbers right', () => {
    expect(formatTable(rows, columns)).toBe(
      [
        'method     diversity    ms',
        '---------  ---------  ----',
        'plain          0.512   0.4',
        'diffusion      0.800  12.3',
        'folm               -     -',
      ].join('\n'),
    );
  });

  it('writes Markdown which reads well as it is', () => {
    expect(formatTable(rows, columns, { style: 'markdown' })).toBe(
      [
        '| method    | diversity |   ms |',
        '| --------- | --------: | ---: |',
        '| plain     |     0.512 |  0.4 |',
        '| diffusion |     0.800 | 12.3 |',
        '| folm      |         - |    - |',
      ].join('\n'),
    );
  });

  it('keeps columns straight beside emoji, and cells whole beside pipes', () => {
    const texts = [
      { left: '⛺ tent', right: 'a|b' },
      { left: 'lantern', right: 'c' },
    ];
    const cells: Column<(typeof texts)[0]>[] = [
      { title: 'left', value: (r) => r.left },
      { title: 'right', value: (r) => r.right },
    ];
    expect(formatTable(texts, cells)).toBe('left     right\n-------  -----\n⛺ tent  a|b\nlantern  c');
    expect(formatTable(texts, cells, { style: 'markdown' })).toContain('| ⛺ tent | a\\|b  |');
  });

  it('prints the header of an empty table', () => {
    expect(formatTable([], columns)).toBe('method  diversity  ms\n------  ---------  ---');
  });
});
