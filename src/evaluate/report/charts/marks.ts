import type { MethodName } from '../../results.js';
import { html, type Markup, trusted } from '../markup.js';
import { METHOD_INFO } from '../names.js';

/** The retrievers r4t makes; in every picture they are filled, the others hollow. */
const COMPILED = new Set<MethodName>(['folm', 'diffusion']);

const SHAPES = {
  search: (r: number) => `<circle r="${r}"/>`,
  expansion: (r: number) => {
    const half = round(r * 0.9);
    return `<path d="M${-half} ${-half}H${half}V${half}H${-half}Z"/>`;
  },
  labels: (r: number) => {
    const [arm, end] = [round(r * 0.42), round(r * 1.15)];
    const [out, side, back] = [end - arm, 2 * arm, arm - end].map(round);
    return `<path d="M${-arm} ${-end}h${side}v${out}h${out}v${side}h${back}v${out}h${-side}v${back}h${back}v${-side}h${out}Z"/>`;
  },
  policy: (r: number) => {
    const half = round(r * 1.15);
    return `<path d="M0 ${round(-r * 1.2)}L${half} ${round(r * 0.85)}H${-half}Z"/>`;
  },
  diffusion: (r: number) => {
    const half = round(r * 1.35);
    return `<path d="M0 ${-half}L${half} 0L0 ${half}L${-half} 0Z"/>`;
  },
};

/** The method's mark: one colour and shape a family, so that the picture can be read without colours. */
export function mark(method: MethodName, x: number, y: number, radius = 5.5): Markup {
  const { family } = METHOD_INFO[method];
  return html`<g class="${markClass(method)}" transform="translate(${round(x)} ${round(y)})">${trusted(SHAPES[family](radius))}</g>`;
}

export function markClass(method: MethodName): string {
  return `mark ${METHOD_INFO[method].family}${COMPILED.has(method) ? ' compiled' : ''}`;
}

/** The mark as a picture of its own, before the method's name in tables. */
export function markIcon(method: MethodName): Markup {
  return html`<svg class="icon" viewBox="-9 -9 18 18" width="16" height="16" aria-hidden="true">${mark(method, 0, 0)}</svg>`;
}

/** One decimal: a tenth of a pixel is not seen. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
