import type { Markup } from '../markup.js';

/** A part of the page. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** In the navigation. */
  readonly short: string;
  readonly body: Markup;
}
