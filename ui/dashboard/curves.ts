/** Curves: from the figures of training steps to paths in a unit box. */

/** One curve of a chart; `values[i]` belongs to `steps[i]`, NaN where a step has none. */
export interface Curve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** Exponential moving average whose memory is `span` points; its start is corrected for what it has not seen. */
export function smooth(values: readonly number[], span: number): number[] {
  const keep = 1 - 1 / Math.max(1, span);
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (Number.isFinite(value)) {
      sum = keep * sum + value;
      weight = keep * weight + 1;
    }
    return weight > 0 ? sum / weight : Number.NaN;
  });
}

export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
}

/** A scale with round ticks that holds all values; of noisy curves, what the outermost 1% at each end leave. */
export function fitScale(values: readonly number[]): Scale {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return { min: 0, max: 1, ticks: [0, 0.5, 1] };
  const cut = Math.floor(sorted.length / 100);
  let [low, high] = [sorted[cut], sorted[sorted.length - 1 - cut]];
  if (high - low <= 1e-9 * Math.max(Math.abs(high), 1e-6)) {
    const around = Math.abs(high) > 1e-12 ? Math.abs(high) * 0.1 : 0.5;
    [low, high] = [low - around, high + around];
  }
  const step = roundStep((high - low) / 3);
  const min = Math.floor(low / step + 1e-9) * step;
  const max = Math.ceil(high / step - 1e-9) * step;
  const count = Math.round((max - min) / step);
  return { min, max, ticks: Array.from({ length: count + 1 }, (_, i) => min + i * step) };
}

/** 1, 2, 2.5 or 5 times a power of ten, at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 2.5, 5, 10].find((m) => m * power >= least * (1 - 1e-9)) ?? 10) * power;
}

/** An SVG path through a curve; x 0 to `width`, y 0 (top) to `height`. Gaps where values are missing. */
export function linePath(
  { steps, values }: Curve,
  last: number,
  { min, max }: Scale,
  width: number,
  height: number,
): string {
  let path = '';
  let drawn = false;
  for (let i = 0; i < steps.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      drawn = false;
      continue;
    }
    const x = (width * steps[i]) / Math.max(1, last);
    const y = height * (1 - Math.min(1.02, Math.max(-0.02, (value - min) / (max - min))));
    path += `${drawn ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    drawn = true;
  }
  return path;
}

/** A dot at every point: a line of no length, whose round ends are the dot whatever the picture is stretched to. */
export const pointsPath = (...curve: Parameters<typeof linePath>): string =>
  linePath(...curve).replace(/[ML]([\d.-]+ [\d.-]+)/g, 'M$1l0 0');

/** Position in `steps` (rising) nearest to `step`; -1 where there are none. */
export function nearestStep(steps: readonly number[], step: number): number {
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low > 0 && step - steps[low - 1] <= steps[low] - step ? low - 1 : steps.length > 0 ? low : -1;
}
