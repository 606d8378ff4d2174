import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import type { InputError } from '../errors.js';
import { type ReadOptions, readLines } from './lines.js';
import { type RecordLine, readRecords } from './records.js';
import { tempFolder } from './testing/tempFolder.js';

const temp = tempFolder();

async function read(file: string, options?: ReadOptions): Promise<RecordLine[]> {
  const all: RecordLine[] = [];
  for await (const line of readRecords(file, options)) all.push(line);
  return all;
}

describe('JSON lines', () => {
  it('streams objects with their line numbers, over blank lines, \\r\\n and a byte order mark', async () => {
    const file = temp.write('a.jsonl', '\ufeff{"id":1}\r\n\r\n  \n{"id":"é"}');
    expect(await read(file)).toEqual([
      { record: { id: 1 }, line: 1 },
      { record: { id: 'é' }, line: 4 },
    ]);
  });

  it('does not break a line at U+2028', async () => {
    const file = temp.write('u2028.ndjson', '{"id":"a\u2028b"}\n{"id":"c"}\n');
    expect((await read(file)).map(({ record }) => record.id)).toEqual(['a\u2028b', 'c']);
  });

  it('reads lines longer than a chunk of the file, and characters split between chunks', async () => {
    const long = 'é'.repeat(300_001);
    const file = temp.write('long.jsonl', [{ id: 'x', long }, { id: 'y' }]);
    expect(await read(file)).toEqual([
      { record: { id: 'x', long }, line: 1 },
      { record: { id: 'y' }, line: 2 },
    ]);
  });

  it('reads arrays, over one line or many, and the list inside a document', async () => {
    const items = [
      { id: 1, title: 'red jacket' },
      { id: 2, title: 'blue hat' },
    ];
    const records = async (name: string, text: string) =>
      (await read(temp.write(name, text))).map(({ record }) => record);
    expect(await records('arr1.json', JSON.stringify(items))).toEqual(items);
    expect(
      await records('arr.json', `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`),
    ).toEqual(items);
    expect(await records('pretty.jsonl', JSON.stringify(items, null, 2))).toEqual(items);
    const wrapped = { total: 2, data: { page: 'a', products: items } };
    expect(await records('wrapped.json', JSON.stringify(wrapped))).toEqual(items);
    expect(await records('pretty-wrapped.json', JSON.stringify(wrapped, null, 2))).toEqual(items);
    const one = { id: 1, lists: [{ a: 1 }, { a: 2 }], name: 'x' };
    expect(await records('one.jsonl', JSON.stringify(one))).toEqual([one]);
  });

  it('keeps every digit', async () => {
    const text =
      '{"id":7234567890123456789,"a":[-9007199254740993,12,9007199254740992],"b":"x 9007199254740993 \\" 1","c":1.25e3,"d":0.1234567890123456}';
    expect((await read(temp.write('long.jsonl', text)))[0].record).toEqual({
      id: '7234567890123456789',
      a: ['-9007199254740993', 12, 9007199254740992],
      b: 'x 9007199254740993 " 1',
      c: 1250,
      d: 0.1234567890123456,
    });
  });

  it.each([
    [
      '{"id":1}\n{"id":',
      /bad\.jsonl:2: is not valid JSON; expected one JSON object a line, got "\{\\"id\\":"/,
    ],
    ['{"id":1}\n[1]\n', /bad\.jsonl:2: expected a JSON object, got "\[1\]"/],
    ['{"id":1}\nnull\n', /bad\.jsonl:2: expected a JSON object/],
    ['[{"id":1},\n3]', /bad\.jsonl:2: expected a JSON object, got "3"/],
    ['[{"id":1},\n{"id":x}]', /bad\.jsonl:2: is not valid JSON/],
  ])('refuses one line of %j, or passes it over', async (text, message) => {
    await expect(read(temp.write('bad.jsonl', text))).rejects.toThrow(message);
    const errors: InputError[] = [];
    const kept = await read(temp.write('bad.jsonl', text), { onBad: (error) => errors.push(error) });
    expect(kept.map(({ record }) => record)).toEqual([{ id: 1 }]);
    expect(errors.map((error) => error.line)).toEqual([2]);
  });
});

describe('encodings', () => {
  const german = 'id,title\n1,"Gartenmöbel für Café 36"""\n2,Größe\n';
  const notes: string[] = [];
  const titles = async (bytes: Uint8Array, options?: ReadOptions) => {
    notes.length = 0;
    const file = temp.write('encoded.csv', bytes);
    const lines = await read(file, { onNote: (note) => notes.push(note), ...options });
    return lines.map(({ record }) => record.title);
  };
  const expected = ['Gartenmöbel für Café 36"', 'Größe'];

  it('reads UTF-8, UTF-16 with its mark and Windows-1252, and says so', async () => {
    expect(await titles(Buffer.from(german))).toEqual(expected);
    expect(notes).toEqual([]);
    expect(await titles(Buffer.from(`\ufeff${german}`, 'utf16le'))).toEqual(expected);
    expect(await titles(Buffer.from(`\ufeff${german}`, 'utf16le').swap16())).toEqual(expected);
    expect(notes).toEqual([]);
    expect(await titles(Buffer.from(german, 'latin1'))).toEqual(expected);
    expect(notes[0]).toContain('was read as Windows-1252');
    expect(await titles(Buffer.from('id,title\n1,\x80 5 \x96 tea\n', 'latin1'))).toEqual(['€ 5 – tea']);
  });

  it('reads Windows-1252 after a long beginning in ASCII', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},a plain title\n`).join('');
    const all = await titles(Buffer.from(`id,title\n${rows}x,Größe\n`, 'latin1'));
    expect(all.at(-1)).toBe('Größe');
  });

  it('refuses what is something else, and reads it where its name is given', async () => {
    // "赤い帽子" in Shift_JIS, "красная шапка" in Windows-1251.
    const japanese = Buffer.from('69642c7469746c650a312c90d482a296588e710a', 'hex');
    const russian = Buffer.from('69642c7469746c650a312ceaf0e0f1ede0ff20f8e0efeae00a', 'hex');
    await expect(titles(japanese)).rejects.toThrow(
      /encoded\.csv: is not UTF-8 text after line 0; .*catalog\.encoding/,
    );
    await expect(titles(russian)).rejects.toThrow('is not UTF-8 text');
    expect(await titles(japanese, { encoding: 'shift_jis' })).toEqual(['赤い帽子']);
    expect(await titles(russian, { encoding: 'windows-1251' })).toEqual(['красная шапка']);
    await expect(titles(russian, { encoding: 'utf8x' })).rejects.toThrow('"utf8x" is no encoding');
    await expect(titles(russian, { encoding: 'utf-8' })).rejects.toThrow('is not UTF-8 text after line 0');
    await expect(titles(Buffer.from([0x69, 0, 0x64, 0]))).rejects.toThrow('is not a text file');
  });

  it('takes a damaged row of a UTF-8 file for what it is', async () => {
    const bytes = Buffer.concat([
      Buffer.from('id,title\n1,Größe\n2,Gr'),
      Buffer.from([0xc3]),
      Buffer.from('n\n3,weiß\n'),
    ]);
    await expect(titles(bytes)).rejects.toThrow('encoded.csv:3: has bytes that are not UTF-8');
    const lines: (number | undefined)[] = [];
    expect(await titles(bytes, { onBad: ({ line }) => lines.push(line) })).toEqual(['Größe', 'weiß']);
    expect(lines).toEqual([3]);
  });

  it('never makes replacement characters, wherever a chunk ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[a-zß-ÿ€一🎈]{1,200}$/u), fc.nat(8), async (text, shift) => {
        const line = `${' '.repeat(shift)}${text}`.repeat(2000);
        const lines: string[] = [];
        const file = temp.write('chunks.txt', `${line}\n${line}`);
        for await (const { text: found } of readLines(file)) lines.push(found);
        expect(lines).toEqual([line, line]);
      }),
      { numRuns: 20 },
    );
  });

  it('is gzip whatever its name says, and refuses other archives', async () => {
    expect(await titles(gzipSync(german))).toEqual(expected);
    const file = temp.write('ok.csv.gz', gzipSync(german));
    expect((await read(file)).map(({ record }) => record.title)).toEqual(expected);
    await expect(titles(gzipSync(german).subarray(0, 30))).rejects.toThrow('is damaged gzip, or is cut off');
    await expect(titles(Buffer.from('PK\x03\x04....', 'latin1'))).rejects.toThrow(
      'is a zip archive or an Excel file',
    );
    await expect(titles(Buffer.from('28b52ffd00', 'hex'))).rejects.toThrow('is packed by zstd');
  });
});

describe('CSV', () => {
  it('reads strings by the header, with the line on which each record begins', async () => {
    const file = temp.write('a.csv', '\ufeffid, title \n007,"a, ""b""\nc"\n\n2,\n');
    expect(await read(file)).toEqual([
      { record: { id: '007', title: 'a, "b"\nc' }, line: 2 },
      { record: { id: '2', title: '' }, line: 5 },
    ]);
  });

  it('reads TSV', async () => {
    expect(await read(temp.write('a.tsv', 'id\ttitle\n1\ta, b\n'))).toEqual([
      { record: { id: '1', title: 'a, b' }, line: 2 },
    ]);
  });

  const rows = async (text: string, options?: ReadOptions, name = 'rows.csv') =>
    (await read(temp.write(name, text), options)).map(({ record }) => record);

  it.each([
    ['commas', 'id,title\n1,"a; b"\n'],
    ['semicolons', 'id;title\n1;a; b\n'.replace('a; b', '"a; b"')],
    ['tabs', 'id\ttitle\n1\ta; b\n'],
    ['bars', 'id|title\n1|a; b\n'],
    ['a line that says it', 'sep=;\nid;title\n1;"a; b"\n'],
    ['comments above', '# ---\n# report\n\nid,title\n1,a; b\n'],
  ])('finds the delimiter in the header: %s', async (_, text) => {
    expect(await rows(text)).toEqual([{ id: '1', title: 'a; b' }]);
  });

  it('takes a single column whole', async () => {
    expect(await rows('query\nred, blue things\n')).toEqual([{ query: 'red, blue things' }]);
  });

  it('passes over blank rows, fills short ones, and ignores columns without a name', async () => {
    const notes: string[] = [];
    const options = { onNote: (note: string) => notes.push(note) };
    expect(await rows('id,title,color,size\r\n1,a,red,M\r\n,,,\r\n2,b\r\n   \r\n', options)).toEqual([
      { id: '1', title: 'a', color: 'red', size: 'M' },
      { id: '2', title: 'b', color: '', size: '' },
    ]);
    expect(notes).toEqual(['1 row is shorter than the header; what they lack is missing']);
    expect(await rows(',id,title,,Unnamed: 4\n0,1,a,,x\n', options)).toEqual([{ id: '1', title: 'a' }]);
    expect(notes.at(-1)).toBe('3 columns without a name left out');
    expect(await rows('id,price,price\n1,2,3\n', options)).toEqual([
      { id: '1', price: '2', 'price (2)': '3' },
    ]);
    expect(notes.at(-1)).toBe('the second column "price" is called "price (2)"');
  });

  it('ends a record with either line ending, and counts lines across quoted breaks', async () => {
    const wanted = [
      { id: '1', title: 'a', color: 'red' },
      { id: '2', title: 'b\nc', color: 'blue' },
    ];
    const text = 'id,title,color\n1,a,red\r\n2,"b\nc",blue\n';
    expect(await rows(text)).toEqual(wanted);
    expect(await rows(text.replace('\n', '\r\n').replace('red\r\n', 'red\n'))).toEqual(wanted);
    expect(await rows('id,title,color\r1,a,red\r2,b,blue\r')).toMatchObject([
      { color: 'red' },
      { color: 'blue' },
    ]);
    const bad = 'id,title\r\n1,"a\r\nb"\r\n2,b,c\r\n';
    await expect(rows(bad)).rejects.toThrow('rows.csv:4: has 3 values');
  });

  it('trims values, also around quotes', async () => {
    expect(await rows('id, title, color\n0, red jacket, red\n1, "red, or not" , red\n')).toEqual([
      { id: '0', title: 'red jacket', color: 'red' },
      { id: '1', title: 'red, or not', color: 'red' },
    ]);
  });

  it('takes quotes for plain characters unless they open and close a value', async () => {
    const tsv = [
      'id\ttitle\tnote',
      '1\tOak Bench 36"\t5" thick',
      '2\t"Best" bench\t\\N',
      '3\t"quoted\tvalue"\tx "y"',
      '4\t"Oak\tz',
      '5\tsteel\t24"',
      '6\t"two',
      'lines"\tend',
    ].join('\n');
    expect(await rows(tsv, {}, 'quotes.tsv')).toEqual([
      { id: '1', title: 'Oak Bench 36"', note: '5" thick' },
      { id: '2', title: '"Best" bench', note: '' },
      { id: '3', title: 'quoted\tvalue', note: 'x "y"' },
      { id: '4', title: '"Oak', note: 'z' },
      { id: '5', title: 'steel', note: '24"' },
      { id: '6', title: 'two\nlines', note: 'end' },
    ]);
    expect(await rows('id,title,x\n1,a "b" c,1\n2,"Best" bench,2\n3,"36" bench, oak",3\n4,b,4\n')).toEqual([
      { id: '1', title: 'a "b" c', x: '1' },
      { id: '2', title: '"Best" bench', x: '2' },
      { id: '3', title: '36" bench, oak', x: '3' },
      { id: '4', title: 'b', x: '4' },
    ]);
  });

  it.each([
    ['id,title\n1,a\n2,b,c\n3,d\n', /:3: has 3 values, the header line 2; quote values/],
    ['id,title\n1,a\n2,"b\n3,d\n', /:3: opens a quote that is never closed/],
    ['id,title\n1,a\n2,"b\n3,"d"\n', /:3: opens a quote that is never closed/],
  ])('refuses one row of %j, or passes it over', async (text, message) => {
    await expect(rows(text)).rejects.toThrow(message);
    await expect(rows(text)).rejects.toMatchObject({ name: 'InputError' });
    const lines: (number | undefined)[] = [];
    expect(await rows(text, { onBad: ({ line }) => lines.push(line) })).toEqual([
      { id: '1', title: 'a' },
      { id: '3', title: 'd' },
    ]);
    expect(lines).toEqual([3]);
  });

  it('refuses a header without names', async () => {
    await expect(rows(',,\n1,a,2\n')).rejects.toThrow(':1: the header line has no names');
  });

  it('reads what RFC 4180 writes', async () => {
    const value = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', ';', '\t', 'é') });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { maxLength: 8 }), async (table) => {
        const text = ['id,a,b', ...table.map((row, i) => [i, ...row.map(quoted)].join(','))].join('\n');
        const expected = table.map(([a, b], i) => ({ id: `${i}`, a: a.trim(), b: b.trim() }));
        expect(await rows(text)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});

describe('Parquet', () => {
  const columnData = [
    { name: 'id', data: [1n, 2n, 2n ** 60n], type: 'INT64' as const },
    { name: 'title', data: ['a', null, 'c'], type: 'STRING' as const },
    { name: 'seen', data: [new Date(0), new Date(1), null], type: 'TIMESTAMP' as const },
    { name: 'tags', data: [['x', 'y'], [], [1]], type: 'JSON' as const },
  ];

  it('reads row groups in turn, as plain data', async () => {
    const bytes = parquetWriteBuffer({ columnData, rowGroupSize: 2 });
    const shares: number[] = [];
    const file = temp.write('a.parquet', new Uint8Array(bytes));
    const records = await read(file, { onRead: (share) => shares.push(share) });
    expect(records).toEqual([
      { record: { id: 1, title: 'a', seen: '1970-01-01T00:00:00.000Z', tags: ['x', 'y'] }, line: 1 },
      { record: expect.objectContaining({ id: 2, tags: [] }), line: 2 },
      { record: expect.objectContaining({ id: '1152921504606846976', title: 'c', tags: [1] }), line: 3 },
    ]);
    expect(shares).toEqual([2 / 3, 1]);
  });

  it('reads Gzip', async () => {
    const bytes = parquetWriteBuffer({
      columnData,
      codec: 'GZIP',
      compressors: { GZIP: (data) => gzipSync(data) },
    });
    expect(await read(temp.write('gzip.parquet', new Uint8Array(bytes)))).toHaveLength(3);
  });

  it.each(['polars-zstd.parquet', 'lz4.parquet', 'brotli.parquet'])('reads %s', async (name) => {
    const file = new URL(`./fixtures/${name}`, import.meta.url);
    const records = await read(fileURLToPath(file));
    expect(records.map(({ record }) => record)).toEqual([
      { id: 1, title: 'red jacket', day: '2024-01-05', at: '2024-01-05T23:30:00.000Z' },
      { id: 2, title: 'blue hat', day: '2024-01-06', at: '2024-01-06T00:00:00.000Z' },
    ]);
  });

  it('leaves bytes out', async () => {
    const data = [
      { name: 'id', data: ['a'] },
      { name: 'picture', data: [new Uint8Array([1, 2])], type: 'BYTE_ARRAY' as const },
    ];
    const file = temp.write('bytes.parquet', new Uint8Array(parquetWriteBuffer({ columnData: data })));
    const [{ record }] = await read(file);
    expect(record.id).toBe('a');
    expect(Array.isArray(record.picture)).toBe(false);
  });

  it('refuses damage', async () => {
    const lz4 = parquetWriteBuffer({ columnData, codec: 'LZ4', compressors: { LZ4: (data) => data } });
    await expect(read(temp.write('lz4.parquet', new Uint8Array(lz4)))).rejects.toThrow(
      /lz4\.parquet: rows 1-3 cannot be read \(.*\); write the file again/,
    );
    await expect(read(temp.write('no.parquet', 'not parquet at all'))).rejects.toThrow(
      /is not a Parquet file/,
    );
  });
});

describe('every format', () => {
  it('names a missing file, a directory and an unknown extension', async () => {
    mkdirSync(temp.path('folder.jsonl'));
    for (const extension of ['jsonl', 'csv', 'parquet']) {
      await expect(read(temp.path(`none.${extension}`))).rejects.toThrow(
        /none\.\w+: does not exist; check the path/,
      );
    }
    await expect(read(temp.path('folder.jsonl'))).rejects.toThrow(/is a directory; give a file/);
    await expect(read(temp.path('a.xml'))).rejects.toThrow(
      /unknown extension \.xml; expected one of \.jsonl/,
    );
    await expect(read(temp.path('a.xlsx'))).rejects.toThrow('a.xlsx: is xlsx; save the sheet as CSV UTF-8');
    await expect(read(temp.path('plain'))).rejects.toThrow(/does not exist/);
  });

  it('looks at files whose names say nothing', async () => {
    for (const text of ['id\ttitle\n1\ta\n', '{"id":"1","title":"a"}\n', '[{"id":"1","title":"a"}]']) {
      for (const name of ['feed.txt', 'feed']) {
        expect((await read(temp.write(name, text)))[0].record).toEqual({ id: '1', title: 'a' });
      }
    }
  });

  it.each(['a.jsonl', 'a.csv', 'a.parquet'])('stops %s with the reason of its signal', async (name) => {
    const reason = new Error('enough');
    await expect(read(temp.path(name), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('reads nothing from an empty file', async () => {
    expect(await read(temp.write('empty.jsonl', ''))).toEqual([]);
    expect(await read(temp.write('empty.csv', ''))).toEqual([]);
  });
});
