/** From figures to places on a picture. */

export interface Scale {
  /** The lowest and highest figure on the axis. */
  readonly domain: readonly [low: number, high: number];
  readonly ticks: readonly number[];
  /** 0 at the low end, 1 at the high. */
  readonly at: (value: number) => number;
  readonly format: (tick: number) => string;
}

/** An axis around the values, ending at round numbers. */
export function linearScale(values: readonly number[], { ticks: wanted = 5 } = {}): Scale {
  let [low, high] = extent(values);
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low < Math.max(1e-9 * size, 1e-12)) {
    const room = size > 1e-12 ? size * 0.1 : 1;
    [low, high] = [low - room, high + room];
  }
  const step = niceStep((high - low) / wanted);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const domain = [ticks[0], ticks[ticks.length - 1]] as const;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    domain,
    ticks,
    at: (value) => (value - domain[0]) / (domain[1] - domain[0]),
    format: (tick) => (Math.abs(tick) < step / 2 ? '0' : compact(tick, digits)),
  };
}

/** A logarithmic axis around positive values; ticks at 1, 10, 100, and at 2 and 5 where few decades are shown. */
export function logScale(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  let [low, high] = extent(positive.length > 0 ? positive : [1]);
  // From 2 to 5 is the widest gap between ticks: a shorter axis could have none.
  if (high / low < 3) [low, high] = [low / 2, high * 2];
  const [from, to] = [Math.log10(low), Math.log10(high)];
  const between = to - from < 2.5 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let decade = Math.floor(from); decade <= Math.ceil(to); decade++)
    for (const factor of between) ticks.push(Number(`${factor}e${decade}`));
  return {
    domain: [low, high],
    ticks: ticks.filter((tick) => tick >= low && tick <= high),
    at: (value) => (Math.log10(value) - from) / (to - from),
    format: (tick) => compact(tick, Math.max(0, -Math.floor(Math.log10(tick) + 1e-9))),
  };
}

export function extent(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return values.length > 0 ? [low, high] : [0, 1];
}

/** 1, 2 or 5 times a power of ten, at least as large as `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((f) => f * power >= step * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(1));
}

/** 1500 as 1.5k: ticks must be short. */
function compact(value: number, digits: number): string {
  const size = Math.abs(value);
  const text =
    size >= 1e6
      ? `${Number((value / 1e6).toPrecision(3))}M`
      : size >= 1e4
        ? `${Number((value / 1e3).toPrecision(3))}k`
        : size > 0 && size < 1e-4
          ? value.toExponential(0)
          : value.toFixed(Math.min(digits, 6));
  return text.replaceAll('-', '−');
}
