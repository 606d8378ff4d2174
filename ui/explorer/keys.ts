/** The keyboard: everything can be done without a pointer. */
import type { FoundItem, SetResult } from '../../src/serve/http/schemas.js';
import { canLabel, judgeItem } from '../shared/labels.ts';
import { answers, ask, exclude, info, k, pointed, question } from './state.ts';

export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || document.querySelector('dialog[open]')) return;
    const field = document.querySelector<HTMLInputElement>('#query');
    const typing =
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLInputElement && !['range', 'checkbox'].includes(target.type));
    if (typing) {
      if (key === 'Escape' && target === field && field.value === '') field.blur();
      else if (key === 'Escape' && target === field) ask({ query: '' });
      else if (key === 'ArrowDown' && target === field) moveFocus(target, key);
      else return;
      event.preventDefault();
      return;
    }
    // Arrow keys are theirs.
    if (target instanceof HTMLInputElement && key.startsWith('Arrow')) return;
    if (key === '/') {
      field?.focus();
      field?.select();
    } else if (key === 'm') toggleList();
    else if (key === '[') ask({ k: Math.max(1, k.peek() - 1) });
    else if (key === ']') ask({ k: Math.min(info.peek()?.limits.k ?? 100, k.peek() + 1) });
    else if (key === 's') ask({ seed: question.peek().seed + 1 });
    else if (key === 'n') ask({ offset: question.peek().offset + k.peek() });
    else if (key === 'x') excludePointed();
    else if (key === 'u' || key === 'd') judgePointed(key === 'u' ? 'up' : 'down');
    else if (!(key.startsWith('Arrow') && moveFocus(target as HTMLElement, key))) return;
    event.preventDefault();
  });
}

/** Opens or closes the list of methods. */
function toggleList(): void {
  const list = document.querySelector<HTMLDetailsElement>('.picker');
  if (!list) return;
  list.open = !list.open;
  if (list.open) list.querySelector<HTMLInputElement>('input:enabled')?.focus();
  else list.querySelector('summary')?.focus();
}

/** "Not this one" for the item that has the focus or the pointer. */
function excludePointed(): void {
  const found = pointedItem();
  if (found) exclude(found.item);
}

/** A thumb for it. */
function judgePointed(verdict: 'up' | 'down'): void {
  const found = canLabel.peek() ? pointedItem() : undefined;
  if (found) judgeItem(found.result.query, found.item.id, verdict, found.result.method);
}

function pointedItem(): { item: FoundItem; result: SetResult } | undefined {
  const id = pointed.peek();
  return Object.values(answers.peek())
    .flatMap(({ result }) => result.items.map((item) => ({ item, result })))
    .find(({ item }) => item.id === id);
}

/** Moves the focus to the next card in the direction of an arrow key, by where the cards lie on the screen. */
function moveFocus(from: HTMLElement, key: string): boolean {
  const cards = Array.from(document.querySelectorAll<HTMLElement>('.card .open'));
  if (cards.length === 0) return false;
  if (from.id === 'query') {
    cards[0].focus();
    return true;
  }
  if (!cards.includes(from)) return false;
  const start = centre(from);
  const [dx, dy] = STEPS[key] ?? [0, 0];
  let best: { card: HTMLElement; cost: number } | undefined;
  for (const card of cards) {
    const { x, y } = centre(card);
    const along = (x - start.x) * dx + (y - start.y) * dy;
    const aside = Math.abs((x - start.x) * dy) + Math.abs((y - start.y) * dx);
    // What lies sideways of the way there costs double.
    const cost = along + 2 * aside;
    if (along > 1 && cost < (best?.cost ?? Number.POSITIVE_INFINITY)) best = { card, cost };
  }
  if (best) best.card.focus();
  else if (key === 'ArrowUp') document.querySelector<HTMLElement>('#query')?.focus();
  return true;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function centre(element: HTMLElement): { x: number; y: number } {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}
