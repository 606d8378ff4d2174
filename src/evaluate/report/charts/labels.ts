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
    for (const candidate of candidates(anchors[i], bounds)) {
      const cost =
        100 * sum(taken, (box) => overlap(candidate, box)) +
        20 * sum(points, (box) => overlap(candidate, box)) +
        0.6 * sum(lines, (line) => lengthInside(line, candidate)) +
        candidate.distance;
      if (cost < lowest) [best, lowest] = [candidate, cost];
    }
    placed[i] = best!;
    taken.push(best!);
  }
  return placed;
}

function* candidates(anchor: Anchor, bounds: Box): Generator<PlacedLabel & { distance: number }> {
  const { width, height } = anchor;
  for (const [ring, distance] of DISTANCES.entries()) {
    for (const [turn, angle] of ANGLES.entries()) {
      // The label's edge, not its centre, is `distance` away from the point.
      const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
      const x = anchor.x + dx * (POINT + distance) + (dx - 1) * (width / 2);
      const y = anchor.y + dy * (POINT + distance) + (dy - 1) * (height / 2);
      const inside = {
        x: Math.min(Math.max(x, bounds.x), bounds.x + bounds.width - width),
        y: Math.min(Math.max(y, bounds.y), bounds.y + bounds.height - height),
      };
      const moved = Math.abs(inside.x - x) + Math.abs(inside.y - y);
      // Beside the point reads best, then above and below, then aslant.
      const preference = turn % 8 === 0 ? 0 : turn % 4 === 0 ? 0.5 : 1.5;
      yield {
        ...inside,
        width,
        height,
        far: DISTANCES[ring] > FAR,
        distance: distance + 2 * moved + preference,
      };
    }
  }
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
  return text.length * size * 0.58;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
