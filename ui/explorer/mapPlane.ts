/** From the map's coordinates to pixels. */
export interface Plane {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

/**
 * Fits points (x and y one after the other) into a box, both axes to the same scale, so that distances compare.
 * Of all coordinates the outermost thousandth on each side may lie outside: one far item must not squeeze the rest.
 */
export function fitPlane(points: ArrayLike<number>, width: number, height: number, margin: number): Plane {
  const [left, right] = extent(points, 0);
  const [bottom, top] = extent(points, 1);
  const scale = Math.min(
    (width - 2 * margin) / Math.max(right - left, 1e-9),
    (height - 2 * margin) / Math.max(top - bottom, 1e-9),
  );
  const clamp = (value: number, most: number) => Math.min(most - 4, Math.max(4, value));
  return {
    x: (value) => clamp(width / 2 + (value - (left + right) / 2) * scale, width),
    y: (value) => clamp(height / 2 - (value - (bottom + top) / 2) * scale, height),
  };
}

function extent(points: ArrayLike<number>, axis: 0 | 1): [number, number] {
  const values = new Float64Array(points.length / 2);
  for (let i = 0; i < values.length; i++) values[i] = points[2 * i + axis];
  values.sort();
  if (values.length === 0) return [0, 0];
  const cut = Math.floor(values.length / 1000);
  return [values[cut], values[values.length - 1 - cut]];
}

/** The point nearest to a place in pixels, or -1 where none is within `reach`. */
export function nearestPoint(
  points: ArrayLike<number>,
  plane: Plane,
  at: { readonly x: number; readonly y: number },
  reach: number,
): number {
  let best = -1;
  let least = reach ** 2;
  for (let i = 0; 2 * i < points.length; i++) {
    const distance = (plane.x(points[2 * i]) - at.x) ** 2 + (plane.y(points[2 * i + 1]) - at.y) ** 2;
    if (distance <= least) {
      best = i;
      least = distance;
    }
  }
  return best;
}
