/** Numbers as a report prints them. */

/** Three decimals with a true minus sign; a dash where there is no number. */
export function figure(value: number | undefined, digits = 3): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}

/** With its sign, as differences are read. */
export function signed(value: number | undefined, digits = 3): string {
  const text = figure(value, digits);
  return value !== undefined && Number(value.toFixed(digits)) > 0 ? `+${text}` : text;
}

/** `[low, high]`. */
export function interval({ low, high }: { low: number; high: number }, format = figure): string {
  return `[${format(low)}, ${format(high)}]`;
}

/** Milliseconds to three significant digits: 0.02, 1.25, 17.1, 1,240. */
export function milliseconds(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function pValue(value: number): string {
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

/** 14,942. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 seed`, `3 seeds`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
