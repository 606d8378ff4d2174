/** Labels beside points, kept apart from each other and from the points. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Anchor {
  readonly x: number;
  readonly y: number;
  /** Size of the label. */
  readonly width: number;
  readonly height: number;
}

export type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

export interface PlacedLabel extends Box {
  /** Too far from its point to be read without a line to it. */
  readonly far: boolean;
}

/** Radius of what must stay free around a point. */
const POINT = 8;
const DISTANCES = [4, 10, 18, 28, 40, 54, 70, 90, 115];
const FAR = 12;
const ANGLES = Array.from({ length: 16 }, (_, i) => (i * Math.PI) / 8);

/**
 * Places a label for each anchor inside `bounds`, the most crowded first, each where it overlaps least and then
 * nearest to its point (greedy candidate placement).
 *
 * @param lines what a label may cover if it must
 */
export function placeLabels(
  anchors: readonly Anchor[],
  bounds: Box,
  lines: readonly Segment[] = [],
): PlacedLabel[] {
  const points = anchors.map(({ x, y }) => ({
    x: x - POINT,
    y: y - POINT,
    width: 2 * POINT,
    height: 2 * POINT,
  }));
  const crowd = anchors.map((a) => anchors.filter((b) => Math.hypot(a.x - b.x, a.y - b.y) < 60).length);
  const order = anchors.map((_, i) => i).sort((a, b) => crowd[b] - crowd[a]);
  const placed: PlacedLabel[] = [];
  const taken: Box[] = [];
  for (const i of order) {
    let best: PlacedLabel | undefined;
    let lowest = Number.POSITIVE_INFINITY;
    for (const distance of DISTANCES) {
      // Nothing further away can cost less.
      if (distance >= lowest) break;
      for (const { label, effort } of candidates(anchors[i], bounds, distance)) {
        const cost =
          100 * sum(taken, (box) => overlap(label, box)) +
          20 * sum(points, (box) => overlap(label, box)) +
          0.6 * sum(lines, (line) => lengthInside(line, label)) +
          (misread(label, i, anchors) ? 25 : 0) +
          effort;
        if (cost < lowest) [best, lowest] = [label, cost];
      }
    }
    placed[i] = best!;
    taken.push(best!);
  }
  return placed;
}

/** Labels all around a point; `effort` is at least `distance`. */
function candidates({ x, y, width, height }: Anchor, bounds: Box, distance: number) {
  return ANGLES.map((angle, turn) => {
    // The label's edge, not its centre, is `distance` away from the point.
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
    const left = x + dx * (POINT + distance) + (dx - 1) * (width / 2);
    const top = y + dy * (POINT + distance) + (dy - 1) * (height / 2);
    const label: PlacedLabel = {
      x: Math.min(Math.max(left, bounds.x), bounds.x + bounds.width - width),
      y: Math.min(Math.max(top, bounds.y), bounds.y + bounds.height - height),
      width,
      height,
      far: distance > FAR,
    };
    const moved = Math.abs(label.x - left) + Math.abs(label.y - top);
    // Beside the point reads best, then above and below, then aslant.
    const preference = turn % 8 === 0 ? 0 : turn % 4 === 0 ? 0.5 : 1.5;
    return { label, effort: distance + 2 * moved + preference };
  });
}

/** Whether a label is nearer to another point than to its own. */
function misread(label: Box, own: number, anchors: readonly Anchor[]): boolean {
  const away = (point: Anchor) =>
    Math.hypot(
      Math.max(label.x - point.x, 0, point.x - label.x - label.width),
      Math.max(label.y - point.y, 0, point.y - label.y - label.height),
    );
  const distance = away(anchors[own]);
  return anchors.some((other, i) => i !== own && away(other) < distance);
}

export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/** How much of a line lies in a box (Liang & Barsky 1984). */
export function lengthInside([x1, y1, x2, y2]: Segment, { x, y, width, height }: Box): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  let [enter, leave] = [0, 1];
  for (const [speed, room] of [
    [-dx, x1 - x],
    [dx, x + width - x1],
    [-dy, y1 - y],
    [dy, y + height - y1],
  ]) {
    if (speed === 0 && room < 0) return 0;
    if (speed < 0) enter = Math.max(enter, room / speed);
    else if (speed > 0) leave = Math.min(leave, room / speed);
  }
  return Math.max(0, leave - enter) * Math.hypot(dx, dy);
}

/** Room a text takes, generously: fonts differ. */
export function textWidth(text: string, size: number): number {
  return (
    sum([...text], (letter) => (/[MWmw@]/.test(letter) ? 0.95 : /[iljtf.,' -]/.test(letter) ? 0.38 : 0.66)) *
    size
  );
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
