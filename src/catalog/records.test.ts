import { mkdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import type { ReadOptions } from './lines.js';
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

  it.each([
    [
      '{"id":1}\n{"id":',
      /bad\.jsonl:2: is not valid JSON; expected one JSON object a line, got "\{\\"id\\":"/,
    ],
    ['{"id":1}\n[1]\n', /bad\.jsonl:2: expected one JSON object a line, got "\[1\]"/],
    ['{"id":1}\nnull\n', /bad\.jsonl:2: expected one JSON object/],
    ['[\n{"id":1}\n]', /bad\.jsonl:1: .*not one document over many lines/],
  ])('refuses %j', async (text, message) => {
    await expect(read(temp.write('bad.jsonl', text))).rejects.toThrow(message);
  });

  it('refuses what is not UTF-8', async () => {
    const file = temp.write('latin1.jsonl', Buffer.from('{"id":"\xe9"}\n', 'latin1'));
    await expect(read(file)).rejects.toThrow(/latin1\.jsonl: is not UTF-8 text after line 0/);
    await expect(read(temp.write('cut.jsonl', Buffer.from([0x7b, 0xc3])))).rejects.toThrow(/is not UTF-8/);
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

  it.each([
    ['id,title\n1,a\n2\n', /:3: has 1 values, unlike the header line/],
    ['id,title\n1,a\n2,b,c\n', /:3: has 3 values/],
    ['id,title\n1,a\n2,"b\n3,c\n', /:3: opens a quote that is never closed/],
    ['id,title\n1,a "b" c\n', /:2: has a quote inside a value/],
    ['id,title,id\n1,a,2\n', /:1: field "id": is in the header line twice/],
    ['id,,x\n1,a,2\n', /:1: column 2 has no name/],
  ])('refuses %j', async (text, message) => {
    await expect(read(temp.write('bad.csv', text))).rejects.toThrow(message);
    await expect(read(temp.write('bad.csv', text))).rejects.toMatchObject({ name: 'InputError' });
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

  it('refuses a compression it does not know, and damage', async () => {
    const lz4 = parquetWriteBuffer({ columnData, codec: 'LZ4', compressors: { LZ4: (data) => data } });
    await expect(read(temp.write('lz4.parquet', new Uint8Array(lz4)))).rejects.toThrow(
      /lz4\.parquet: rows 1-3 cannot be read \(.*LZ4.*\); write the file again/,
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
    await expect(read(temp.path('plain'))).rejects.toThrow(/has no extension/);
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
