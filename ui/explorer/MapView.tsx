/** The catalog as a plane of points, with the query, the directions and the chosen items of every method. */
import { effect, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Method } from '../../src/retrieve/methodNames.js';
import { theme } from '../shared/Page.tsx';
import { fitPlane, nearestPoint, type Plane } from './mapPlane.ts';
import { hasDirections, nameOf } from './methods.ts';
import { type Answer, answers, catalogMap, methods, pointed, question } from './state.ts';

const MARGIN = 14;
/** Pixels within which the pointer finds a point. */
const REACH = 12;

interface Hover {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly category: string;
}

export function MapView() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const hover = useSignal<Hover | undefined>(undefined);
  const size = useSignal({ width: 0, height: 0 });
  const plane = useRef<Plane>(undefined);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const observer = new ResizeObserver(([{ contentRect }]) => {
      size.value = { width: contentRect.width, height: contentRect.height };
    });
    observer.observe(element);
    const stopFitting = effect(() => {
      const { width, height } = size.value;
      plane.current = width > 0 ? fitPlane(catalogMap.value?.points ?? [], width, height, MARGIN) : undefined;
    });
    let drawing = 0;
    const stop = effect(() => {
      theme();
      for (const signal of [size, catalogMap, question, methods, answers, pointed]) void signal.value;
      // Drawn two frames later, when the cards stand: they are what one waits for.
      cancelAnimationFrame(drawing);
      drawing = requestAnimationFrame(() => {
        drawing = requestAnimationFrame(() => {
          if (plane.current) draw(element, plane.current, size.peek());
        });
      });
    });
    return () => {
      observer.disconnect();
      stopFitting();
      stop();
      cancelAnimationFrame(drawing);
    };
  }, [size]);

  const find = ({ offsetX: x, offsetY: y }: PointerEvent) => {
    const map = catalogMap.peek();
    if (!map || !plane.current) return;
    const i = nearestPoint(map.points, plane.current, { x, y }, REACH);
    hover.value =
      i < 0
        ? undefined
        : {
            x: plane.current.x(map.points[2 * i]),
            y: plane.current.y(map.points[2 * i + 1]),
            title: map.titles[i],
            category: map.categories[map.category[i]] ?? '',
          };
    pointed.value = i < 0 ? undefined : map.ids[i];
  };
  const leave = () => {
    hover.value = undefined;
    pointed.value = undefined;
  };

  const map = catalogMap.value;
  const sampled = map !== undefined && map.items > map.ids.length;
  const tip = hover.value;
  return (
    <section class="map" aria-label="Map of the catalog">
      <header>
        <h2>Map</h2>
        <p class="muted small num">
          {map
            ? `${map.ids.length.toLocaleString('en')}${sampled ? ` of ${map.items.toLocaleString('en')}` : ''} items`
            : ' '}
        </p>
      </header>
      <div class="plane">
        <canvas ref={canvas} role="img" aria-label={describe()} onPointerMove={find} onPointerLeave={leave} />
        {tip && (
          <p
            class={`tip ${tip.x > size.value.width / 2 ? 'left' : ''}`}
            style={{ left: `${tip.x}px`, top: `${tip.y}px` }}
          >
            <b>{tip.title}</b>
            {tip.category !== '' && <span class="muted"> {tip.category}</span>}
          </p>
        )}
      </div>
      <ul class="legend small muted">
        <li>
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <path d={STAR} fill="currentColor" transform="translate(6 6) scale(.8)" />
          </svg>
          query
        </li>
        <li>
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <path d="M6 2.2 9.8 6 6 9.8 2.2 6Z" fill="none" stroke="currentColor" stroke-width="1.4" />
          </svg>
          direction
        </li>
        <li>
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <circle cx="6" cy="6" r="4" fill="currentColor" />
          </svg>
          chosen item
        </li>
      </ul>
    </section>
  );
}

function describe(): string {
  const { query } = question.value;
  if (query === '') return 'All items of the catalog';
  return `Where the sets of ${methods.value.map(nameOf).join(', ')} lie for ${query}`;
}

/** Five points around the origin, radius 6. */
const STAR = Array.from({ length: 10 }, (_, i) => {
  const radius = i % 2 === 0 ? 6 : 2.6;
  const angle = (i * Math.PI) / 5 - Math.PI / 2;
  return `${i === 0 ? 'M' : 'L'}${(radius * Math.cos(angle)).toFixed(2)} ${(radius * Math.sin(angle)).toFixed(2)}`;
}).join('');

function draw(canvas: HTMLCanvasElement, plane: Plane, size: { width: number; height: number }): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(size.width * ratio);
  canvas.height = Math.round(size.height * ratio);
  context.scale(ratio, ratio);
  const colors = colorsOf(canvas);
  context.drawImage(catalogLayer(plane, size), 0, 0, size.width, size.height);
  const place = new Map(catalogMap.value?.ids.map((id, i) => [id, i]));
  for (const method of methods.value) {
    const answer = answers.value[method];
    if (answer)
      drawSet(context, plane, { answer, method, color: colors.of(method), panel: colors.panel, place });
  }
  drawQuery(context, plane, colors);
  drawPointed(context, plane, place, colors);
}

interface Colors {
  readonly text: string;
  readonly panel: string;
  readonly of: (method: Method) => string;
}

let known: { theme: string; colors: Colors } | undefined;

/** Those of the style sheet, read once for a theme: to be told them the browser must lay out the page. */
function colorsOf(canvas: HTMLCanvasElement): Colors {
  if (known?.theme === theme()) return known.colors;
  const { color: text, backgroundColor: panel } = getComputedStyle(canvas);
  const methods = new Map<Method, string>();
  const colors: Colors = {
    text,
    panel,
    of: (method) => {
      const sample = document.querySelector(`.column.${method} .dot`);
      const color = methods.get(method) ?? (sample ? getComputedStyle(sample).backgroundColor : text);
      if (sample) methods.set(method, color);
      return color;
    },
  };
  known = { theme: theme(), colors };
  return colors;
}

let layer: { key: string; map: unknown; canvas: HTMLCanvasElement } | undefined;

/** The catalog's points, drawn once for a size and theme: they are many, and answers come with every key. */
function catalogLayer(plane: Plane, { width, height }: { width: number; height: number }): HTMLCanvasElement {
  const ratio = window.devicePixelRatio;
  const map = catalogMap.value;
  const asked = question.value.query !== '';
  const key = [width, height, ratio, theme(), asked].join();
  if (layer?.key === key && layer.map === map) return layer.canvas;
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext('2d');
  if (context) {
    context.scale(ratio, ratio);
    drawCatalog(context, plane);
  }
  layer = { key, map, canvas };
  return canvas;
}

function drawCatalog(context: CanvasRenderingContext2D, plane: Plane): void {
  const map = catalogMap.value;
  if (!map) return;
  const dark = theme() === 'dark';
  const radius = map.ids.length > 5000 ? 1 : 1.6;
  context.globalAlpha = question.value.query === '' ? 0.8 : 0.45;
  for (let i = 0; i < map.ids.length; i++) {
    // Neighbours in the list of categories get hues far apart.
    const hue = (map.category[i] * 137.5) % 360;
    context.fillStyle = map.category[i] < 0 ? 'gray' : `hsl(${hue} 38% ${dark ? 62 : 55}%)`;
    context.beginPath();
    context.arc(plane.x(map.points[2 * i]), plane.y(map.points[2 * i + 1]), radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

interface DrawnSet {
  readonly answer: Answer;
  readonly method: Method;
  readonly color: string;
  readonly panel: string;
  readonly place: ReadonlyMap<string, number>;
}

function drawSet(context: CanvasRenderingContext2D, plane: Plane, set: DrawnSet): void {
  const { answer, method, color, panel, place } = set;
  const { items, directions = [] } = answer.result;
  const points = catalogMap.value?.points ?? [];
  // A model that chooses items looks in no direction but the query's.
  const fanOut = hasDirections(method) && directions.length > 1;
  const at = (i: number) => [plane.x(points[2 * i]), plane.y(points[2 * i + 1])] as const;
  context.strokeStyle = color;
  context.lineWidth = 1;
  if (fanOut) {
    for (const { id, direction } of items) {
      const i = place.get(id);
      const from = directions[direction]?.point;
      if (i === undefined || !from) continue;
      context.globalAlpha = 0.5;
      context.beginPath();
      context.moveTo(plane.x(from[0]), plane.y(from[1]));
      context.lineTo(...at(i));
      context.stroke();
      context.globalAlpha = 1;
    }
  }
  // Beneath the items: a direction that hit its item shows as a frame around it.
  for (const { point } of fanOut ? directions : []) {
    const [x, y] = [plane.x(point[0]), plane.y(point[1])];
    context.strokeStyle = color;
    context.fillStyle = panel;
    context.lineWidth = 1.2;
    context.beginPath();
    context.moveTo(x, y - 7);
    context.lineTo(x + 7, y);
    context.lineTo(x, y + 7);
    context.lineTo(x - 7, y);
    context.closePath();
    context.fill();
    context.stroke();
  }
  for (const { id } of items) {
    const i = place.get(id);
    if (i === undefined) continue;
    context.fillStyle = color;
    context.strokeStyle = panel;
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(...at(i), fanOut ? 4 : 4.5, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

function drawQuery(context: CanvasRenderingContext2D, plane: Plane, { text, panel }: Colors): void {
  const point = methods.value.map((m) => answers.value[m]?.result.point).find((p) => p !== undefined);
  if (!point) return;
  context.save();
  context.translate(plane.x(point[0]), plane.y(point[1]));
  context.scale(1.4, 1.4);
  const star = new Path2D(STAR);
  context.strokeStyle = panel;
  context.lineWidth = 2.5;
  context.stroke(star);
  context.fillStyle = text;
  context.fill(star);
  context.restore();
}

function drawPointed(
  context: CanvasRenderingContext2D,
  plane: Plane,
  place: ReadonlyMap<string, number>,
  { text }: Colors,
): void {
  const i = place.get(pointed.value ?? '');
  const points = catalogMap.value?.points;
  if (i === undefined || !points) return;
  context.strokeStyle = text;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(plane.x(points[2 * i]), plane.y(points[2 * i + 1]), 9, 0, 2 * Math.PI);
  context.stroke();
}
