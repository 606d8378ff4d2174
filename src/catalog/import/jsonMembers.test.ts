import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../errors.js';
import { tempFolder } from '../testing/tempFolder.js';
import { type JsonMember, type JsonMembersOptions, readJsonMembers } from './jsonMembers.js';

const temp = tempFolder();

async function read(text: string, options?: JsonMembersOptions): Promise<JsonMember[]> {
  const members: JsonMember[] = [];
  for await (const member of readJsonMembers(temp.write('a.json', text), options)) members.push(member);
  return members;
}

describe('readJsonMembers', () => {
  it('gives the members that JSON.parse gives, of arrays, objects and fields', async () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const indent = fc.constantFrom(undefined, 1, '\t\r\n');
    const property = fc.asyncProperty(fc.array(value), value, indent, async (list, other, space) => {
      const text = ` ${JSON.stringify(list, null, space)}\n`;
      expect((await read(text)).map((member) => member.value)).toEqual(JSON.parse(text));
      const object = Object.fromEntries(list.map((v, i) => [`"\\${i}`, v]));
      const members = await read(JSON.stringify(object, null, space));
      expect(Object.fromEntries(members.map((m) => [m.key, m.value]))).toEqual(
        JSON.parse(JSON.stringify(object)),
      );
      const around = JSON.stringify({ info: other, playlists: list, more: [other], '': other }, null, space);
      const inside = await read(around, { field: 'playlists' });
      expect(inside.map((member) => member.value)).toEqual(JSON.parse(around).playlists);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('cuts rightly wherever the pieces of the file end', async () => {
    // 256 KB pieces: the long strings put brackets, quotes and escapes at every place around the ends.
    const list = Array.from({ length: 40 }, (_, i) => ({
      text: `${'x'.repeat(26_214 - 25 + i)}"\\],{é[`,
      n: [i],
    }));
    expect((await read(JSON.stringify(list))).map(({ value }) => value)).toEqual(list);
    const object = { info: list[0], list, rest: {} };
    expect((await read(JSON.stringify(object), { field: 'list' })).map(({ value }) => value)).toEqual(list);
  });

  it('says on which line a member begins', async () => {
    const text = '[\n  1,\n\n  {\n "a": 2},\n3]';
    expect((await read(text)).map(({ line }) => line)).toEqual([2, 4, 6]);
    const object = '{"info": {},\n"list": {"a": 1,\n "b": 2}}';
    expect(await read(object, { field: 'list' })).toEqual([
      { key: 'a', value: 1, line: 2 },
      { key: 'b', value: 2, line: 3 },
    ]);
  });

  it.each<[string, string, string, JsonMembersOptions?]>([
    ['nothing', ' \n', ':2: is empty'],
    ['no container', '3', ':1: is not a JSON array or object'],
    ['text', '"[]"', ':1: is not a JSON array or object'],
    ['an end too early', '[1,\n{"a": [', ':2: ends in the middle; is it complete?'],
    ['an open string', '["a', ':1: ends in the middle; is it complete?'],
    ['more than one value', '[1]\n[2]', ':2: goes on after its end'],
    ['a bracket too many', '[1]]', ':1: goes on after its end'],
    ['the wrong bracket', '[1}', ':1: has "}" where a "[" should be closed'],
    ['the wrong bracket inside', '[[1}]', ':1: is not valid JSON: "[1}"'],
    ['a malformed member', '[1,\n{a: 1}]', ':2: is not valid JSON: "{a: 1}"'],
    ['two members without comma', '[1 2]', ':1: is not valid JSON: "1 2"'],
    ['a comma too many', '[1,]', ':1: has nothing between two commas'],
    ['a member without name', '{1}', ':1: is not valid JSON: "1"'],
    ['no such field', '{"lists": []}', ':1: has no list "list"', { field: 'list' }],
    ['a field that is a number', '{"list": 3}', ':1: has no list "list"', { field: 'list' }],
    ['the field deeper inside', '[{"list": [1]}]', ':1: has no list "list"', { field: 'list' }],
  ])('refuses %s', async (_, text, message, options) => {
    const reading = read(text, options);
    await expect(reading).rejects.toBeInstanceOf(InputError);
    await expect(reading).rejects.toThrow(`a.json${message}`);
  });
});
