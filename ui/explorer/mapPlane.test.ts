import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fitPlane, nearestPoint } from './mapPlane.ts';

const coordinate = fc.double({ min: -5, max: 5, noNaN: true });
const cloud = fc
  .array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 50 })
  .map((all) => all.flat());
const box = fc.record({
  width: fc.integer({ min: 100, max: 900 }),
  height: fc.integer({ min: 100, max: 900 }),
});

it('keeps every point inside the box, and both axes to one scale', () => {
  fc.assert(
    fc.property(cloud, box, (points, { width, height }) => {
      const plane = fitPlane(points, width, height, 12);
      for (let i = 0; i < points.length; i += 2) {
        expect(plane.x(points[i])).toBeGreaterThanOrEqual(4);
        expect(plane.x(points[i])).toBeLessThanOrEqual(width - 4);
        expect(plane.y(points[i + 1])).toBeGreaterThanOrEqual(4);
        expect(plane.y(points[i + 1])).toBeLessThanOrEqual(height - 4);
      }
    }),
  );
  const { x, y } = fitPlane([0, 0, 2, 1], 220, 220, 10);
  expect([x(0), x(2), y(0), y(1)]).toEqual([10, 210, 160, 60]);
});

it('finds the point under the pointer, and none far from all', () => {
  fc.assert(
    fc.property(cloud, fc.nat(), (points, n) => {
      const plane = fitPlane(points, 400, 300, 12);
      const i = n % (points.length / 2);
      const at = { x: plane.x(points[2 * i]), y: plane.y(points[2 * i + 1]) };
      const found = nearestPoint(points, plane, at, 1);
      expect(plane.x(points[2 * found])).toBeCloseTo(at.x);
      expect(plane.y(points[2 * found + 1])).toBeCloseTo(at.y);
      expect(nearestPoint(points, plane, { x: -50, y: -50 }, 10)).toBe(-1);
    }),
  );
});
