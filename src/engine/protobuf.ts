/** Writes protobuf messages: the part of the wire format (https://protobuf.dev/programming-guides/encoding/) that ONNX models and TensorBoard's events need. */

/** What a parser reads at most, in bytes: messages end below 2 GiB. */
const LARGEST_MESSAGE = 2 ** 31 - 1;

/**
 * The message that `write` writes. It is called twice, first to measure and then to write, so that a message goes into one allocation
 * and its bytes, however many, are copied once: it must do the same both times.
 *
 * @throws RangeError if the message would have 2 GiB or more, which no parser reads
 *
 * @example
 * encodeMessage((to) => {
 *   to.text(1, 'name');
 *   to.message(2, () => to.integer(1, 7));
 * });
 */
export function encodeMessage(write: (to: MessageWriter) => void): Uint8Array<ArrayBuffer> {
  const sizes: number[] = [];
  const ruler = new MessageWriter(sizes);
  write(ruler);
  if (ruler.size > LARGEST_MESSAGE) throw new RangeError(`a message of ${ruler.size} bytes is 2 GiB or more`);
  const out = new Uint8Array(ruler.size);
  write(new MessageWriter(sizes, out));
  return out;
}

/** Appends fields, each by the number it has in the schema. */
export class MessageWriter {
  private at = 0;
  private messages = 0;
  private readonly view?: DataView;

  /**
   * @param sizes bytes of every message inside this one, in the order in which they begin; filled where there is no `out`
   * @param out where the bytes go; absent: they are only counted
   */
  constructor(
    private readonly sizes: number[],
    private readonly out?: Uint8Array<ArrayBuffer>,
  ) {
    this.view = out && new DataView(out.buffer);
  }

  /** Bytes so far. */
  get size(): number {
    return this.at;
  }

  /** An int32, int64, bool or enum: a whole number within +-2^53. */
  integer(number: number, value: number): void {
    this.varint(number * 8);
    this.varint(value);
  }

  float32(number: number, value: number): void {
    this.varint(number * 8 + 5);
    this.view?.setFloat32(this.at, value, true);
    this.at += 4;
  }

  float64(number: number, value: number): void {
    this.varint(number * 8 + 1);
    this.view?.setFloat64(this.at, value, true);
    this.at += 8;
  }

  bytes(number: number, value: Uint8Array): void {
    this.varint(number * 8 + 2);
    this.varint(value.length);
    this.out?.set(value, this.at);
    this.at += value.length;
  }

  text(number: number, value: string): void {
    // Names, which are many, are ASCII: they need no array of their own.
    if (!isAscii(value)) {
      this.bytes(number, utf8.encode(value));
      return;
    }
    this.varint(number * 8 + 2);
    this.varint(value.length);
    if (this.out) for (let i = 0; i < value.length; i++) this.out[this.at + i] = value.charCodeAt(i);
    this.at += value.length;
  }

  /** A message inside this one, whose fields `write` appends. */
  message(number: number, write: () => void): void {
    const id = this.messages++;
    this.varint(number * 8 + 2);
    if (this.out) {
      this.varint(this.sizes[id]);
      write();
    } else {
      const start = this.at;
      this.sizes.push(0);
      write();
      this.sizes[id] = this.at - start;
      this.varint(this.sizes[id]);
    }
  }

  /** Seven bits a byte, the lowest first; a negative number as its 64-bit two's complement. */
  private varint(value: number): void {
    if (value < 0) {
      let bits = BigInt.asUintN(64, BigInt(value));
      for (; bits >= 128n; bits >>= 7n) this.byte(Number(bits & 127n) | 128);
      this.byte(Number(bits));
    } else {
      let rest = value;
      for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128);
      this.byte(rest);
    }
  }

  private byte(value: number): void {
    if (this.out) this.out[this.at] = value;
    this.at++;
  }
}

const utf8 = new TextEncoder();

function isAscii(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) >= 128) return false;
  return true;
}
