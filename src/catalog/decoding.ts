import { isAscii, isUtf8 } from 'node:buffer';
import { InputError } from '../errors.js';
import type { ReadOptions } from './readOptions.js';

export interface TextDecoding {
  /** The next piece of text. `line` is the number of lines before it, for the message. */
  decode(chunk: Buffer, line: number): string;
  /** What is left at the end. */
  end(line: number): string;
  /** Whether U+FFFD stands for bytes that are no UTF-8: a record that has it is damaged. */
  readonly isDamaged: boolean;
}

const REMEDY = 'convert it to UTF-8, or name what it is by catalog.encoding, e.g. "shift_jis"';
/** Longest character of UTF-8, in bytes. */
const LONGEST = 4;

/**
 * Decodes a text file piece by piece, never into replacement characters unnoticed: UTF-8, UTF-16 where its mark says so, the encoding
 * that is named, or Windows-1252 where the bytes look like Western European text.
 *
 * @throws InputError (also later) for other bytes, and for an unknown encoding
 */
export function textDecoding(file: string, { encoding, onNote }: ReadOptions): TextDecoding {
  let decoder = encoding === undefined ? undefined : strictDecoder(encoding, file);
  const isNamed = encoding !== undefined;
  let rest: Buffer = Buffer.alloc(0);
  let hasWide = false;
  let isFirst = true;
  let isDamaged = false;

  const strictly = (chunk: Buffer | undefined, line: number): string => {
    try {
      return decoder!.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      const name = decoder!.encoding.toUpperCase();
      throw new InputError(`is not ${name} text after line ${line}; ${REMEDY}`, { file }, { cause });
    }
  };

  /** Bytes that end with a whole character, if they are UTF-8 at all. */
  const whole = (bytes: Buffer, line: number): string => {
    if (isUtf8(bytes)) {
      hasWide ||= !isAscii(bytes);
      return bytes.toString('utf8');
    }
    const kind = hasWide ? 'utf-8' : kindOf(bytes);
    if (kind === undefined) throw new InputError(`is not UTF-8 text after line ${line}; ${REMEDY}`, { file });
    if (kind === 'windows-1252') {
      decoder = strictDecoder(kind, file);
      onNote?.('it is not UTF-8 and was read as Windows-1252; if that is wrong, set catalog.encoding');
      return strictly(bytes, line);
    }
    isDamaged = true;
    return bytes.toString('utf8');
  };

  return {
    get isDamaged() {
      return isDamaged;
    },
    decode(chunk, line) {
      if (isFirst) {
        isFirst = false;
        const utf16 = { fffe: 'utf-16le', feff: 'utf-16be' }[chunk.subarray(0, 2).toString('hex')];
        if (utf16 !== undefined && !isNamed) decoder = strictDecoder(utf16, file);
        else if (!isNamed && chunk.subarray(0, 1024).includes(0)) {
          throw new InputError(`is not a text file, or is UTF-16 without its mark; ${REMEDY}`, { file });
        }
        if (chunk.subarray(0, 3).toString('hex') === 'efbbbf' && !isNamed) chunk = chunk.subarray(3);
      }
      if (decoder) return strictly(chunk, line);
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const cut = bytes.length - unfinished(bytes);
      rest = bytes.subarray(cut);
      return whole(bytes.subarray(0, cut), line);
    },
    end: (line) => (decoder ? strictly(undefined, line) : whole(rest, line)),
  };
}

function strictDecoder(label: string, file: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch (cause) {
    const problem = `"${label}" is no encoding; expected a name such as "windows-1252" or "shift_jis"`;
    throw new InputError(problem, { file, field: 'catalog.encoding' }, { cause });
  }
}

/** Bytes at the end that may be the beginning of a character. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back < LONGEST && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** Bytes that Windows-1252 has no character for. */
const UNASSIGNED = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);
/** In Western European words accented letters stand alone or in pairs (`Größe`); other scripts have longer runs of such bytes. */
const LONGEST_RUN = 2;
const MOST_IN_RUNS = 0.25;

/** What bytes are that are not UTF-8: mostly UTF-8 with damage, Windows-1252, or undefined: something else. */
function kindOf(bytes: Buffer): 'utf-8' | 'windows-1252' | undefined {
  let wide = 0;
  let damage = 0;
  for (const char of bytes.toString('utf8')) {
    if (char === '\ufffd') damage++;
    else if (char > '\u007f') wide++;
  }
  if (wide > damage) return 'utf-8';
  let high = 0;
  let inRuns = 0;
  let run = 0;
  for (const byte of [...bytes, 0]) {
    if (UNASSIGNED.has(byte)) return undefined;
    if (byte >= 0x80) run++;
    else {
      high += run;
      if (run > LONGEST_RUN) inRuns += run;
      run = 0;
    }
  }
  return inRuns <= MOST_IN_RUNS * high ? 'windows-1252' : undefined;
}
