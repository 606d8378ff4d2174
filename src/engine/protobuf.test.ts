import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage, type MessageWriter } from './protobuf.js';

const hex = (write: (to: MessageWriter) => void) => Buffer.from(encodeMessage(write)).toString('hex');

describe('encodeMessage', () => {
  it('writes the examples of the format description', () => {
    expect(hex((to) => to.integer(1, 150))).toBe('089601');
    expect(hex((to) => to.text(2, 'testing'))).toBe('120774657374696e67');
    expect(hex((to) => to.message(3, () => to.integer(1, 150)))).toBe('1a03089601');
    expect(hex((to) => to.integer(1, -2))).toBe('08feffffffffffffffff01');
  });

  it('writes the other kinds of fields, and numbers of fields above 15', () => {
    expect(hex((to) => to.float32(2, 1))).toBe('150000803f');
    expect(hex((to) => to.float64(1, -2))).toBe('0900000000000000c0');
    expect(hex((to) => to.bytes(9, Uint8Array.of(1, 2)))).toBe('4a020102');
    expect(hex((to) => to.integer(20, 0))).toBe('a00100');
    expect(hex((to) => to.text(1, 'Größe'))).toBe(`0a07${Buffer.from('Größe').toString('hex')}`);
    expect(hex(() => {})).toBe('');
  });

  it('writes any whole number up to 2^53 as a varint', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const [, ...groups] = encodeMessage((to) => to.integer(1, value));
        const bits = groups.reduce((sum, group, i) => sum + (BigInt(group & 127) << BigInt(7 * i)), 0n);
        expect(BigInt.asIntN(64, bits)).toBe(BigInt(value));
        expect(groups.map((group) => group >= 128)).toEqual(groups.map((_, i) => i < groups.length - 1));
      }),
    );
  });

  it('tells the length of messages in messages, however long', () => {
    const long = new Uint8Array(300);
    const inner = [0x0a, 0xac, 0x02, ...long];
    const outer = [0x12, 0xaf, 0x02, ...inner, 0x1a, 0x00];
    const written = encodeMessage((to) =>
      to.message(4, () => {
        to.message(2, () => to.bytes(1, long));
        to.message(3, () => {});
      }),
    );
    expect([...written]).toEqual([0x22, 0xb4, 0x02, ...outer]);
  });

  it('refuses a message of 2 GiB', () => {
    const half = new Uint8Array(2 ** 30);
    const twice = (to: MessageWriter) => {
      to.bytes(1, half);
      to.bytes(1, half);
    };
    expect(() => encodeMessage(twice)).toThrow(/2147483660 bytes is 2 GiB or more/);
  });
});
