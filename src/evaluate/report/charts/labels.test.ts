import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Box, lengthInside, overlap, placeLabels, type Segment } from './labels.js';

const bounds: Box = { x: 40, y: 30, width: 640, height: 330 };
const anchor = fc.record({
  x: fc.integer({ min: 40, max: 680 }),
  y: fc.integer({ min: 30, max: 360 }),
  width: fc.integer({ min: 20, max: 110 }),
  height: fc.constant(14),
});

describe('placeLabels', () => {
  it('keeps a dozen labels apart and inside, however the points lie', () => {
    fc.assert(
      fc.property(fc.array(anchor, { maxLength: 12 }), (anchors) => {
        const labels = placeLabels(anchors, bounds);
        expect(labels).toHaveLength(anchors.length);
        labels.forEach((label, i) => {
          expect(label.x).toBeGreaterThanOrEqual(bounds.x);
          expect(label.x + label.width).toBeLessThanOrEqual(bounds.x + bounds.width);
          expect(label.y).toBeGreaterThanOrEqual(bounds.y);
          expect(label.y + label.height).toBeLessThanOrEqual(bounds.y + bounds.height);
          for (const other of labels.slice(0, i)) expect(overlap(label, other)).toBe(0);
        });
      }),
    );
  });

  it('puts a lone label right beside its point, and a crowded one further away', () => {
    const at = { x: 300, y: 200, width: 50, height: 14 };
    expect(placeLabels([at], bounds)).toEqual([{ x: 312, y: 193, width: 50, height: 14, far: false }]);
    expect(placeLabels(Array(12).fill(at), bounds).some(({ far }) => far)).toBe(true);
  });

  it('never puts a label beside another point when there is room beside its own', () => {
    const [left, right] = [
      { x: 300, y: 200, width: 60, height: 14 },
      { x: 330, y: 200, width: 60, height: 14 },
    ];
    const labels = placeLabels([left, right], bounds);
    expect(labels[0].x + labels[0].width).toBeLessThan(left.x);
    expect(labels[1].x).toBeGreaterThan(right.x);
  });

  it('goes out of the way of a line', () => {
    const at = { x: 300, y: 200, width: 50, height: 14 };
    const line: Segment = [300, 200, 600, 200];
    const covered = (box: Box) => lengthInside(line, box);
    const [straight] = placeLabels([at], bounds);
    const [aside] = placeLabels([at], bounds, [line]);
    expect(covered(straight)).toBeGreaterThan(0);
    expect(covered(aside)).toBe(0);
  });
});

describe('lengthInside', () => {
  const place = fc.integer({ min: -20, max: 20 });
  it('is the share of the points of the line that lie in the box', () => {
    fc.assert(
      fc.property(place, place, place, place, (x1, y1, x2, y2) => {
        const box = { x: -6, y: -4, width: 11, height: 9 };
        const samples = 2000;
        const inside = Array.from({ length: samples }, (_, i) => {
          const [x, y] = [x1 + ((x2 - x1) * i) / samples, y1 + ((y2 - y1) * i) / samples];
          return x >= -6 && x <= 5 && y >= -4 && y <= 5;
        }).filter(Boolean).length;
        const length = Math.hypot(x2 - x1, y2 - y1);
        expect(lengthInside([x1, y1, x2, y2], box)).toBeCloseTo((inside / samples) * length, 0);
      }),
    );
  });
});
