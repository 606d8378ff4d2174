import type { InputError } from '../errors.js';

/** How a file is read; what every reader in this folder accepts. */
export interface ReadOptions {
  /** Stops the reading; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told now and then which share of the file has been read, 0..1. */
  readonly onRead?: (fraction: number) => void;
  /** Told of each record that cannot be read, which is then passed over; absent: it is thrown. */
  readonly onBad?: (error: InputError) => void;
  /** Told in words how the file was understood, where that could be otherwise. */
  readonly onNote?: (note: string) => void;
  /** A label of the Encoding Standard, such as `shift_jis`; absent: UTF-8, UTF-16 with its mark, or else Windows-1252. */
  readonly encoding?: string;
}

/** Passes over a bad record, or throws it. */
export function bad(error: InputError, { onBad }: ReadOptions): void {
  if (onBad === undefined) throw error;
  onBad(error);
}
