/** The keyboard: a query takes a few keys. */
import { allFit, choose, go, judge, place, pointed } from './state.ts';

export const KEYS: readonly (readonly [string, string])[] = [
  ['1', 'A is better'],
  ['2', 'B is better'],
  ['0', 'equally good'],
  ['↑ ↓ ← →', 'from item to item'],
  ['U D', 'on topic, not on topic'],
  ['[ ]', 'all of A, all of B is on topic'],
  ['P N', 'back, on without choosing'],
];

export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey, repeat } = event;
    if (ctrlKey || metaKey || altKey) return;
    if (key.startsWith('Arrow')) {
      if (moveFocus(key)) event.preventDefault();
      return;
    }
    // A key that is held down must not run through the queries.
    if (repeat) return;
    const at = pointed.peek();
    if (key === '1') void choose(0);
    else if (key === '2') void choose(1);
    else if (key === '0' || key === '=') void choose('equal');
    else if (key === '[') allFit(0);
    else if (key === ']') allFit(1);
    else if (key === 'n') go(place.peek() + 1);
    else if (key === 'p') go(place.peek() - 1);
    else if ((key === 'u' || key === 'd') && at) judge(at.side, at.id, key === 'u' ? 'up' : 'down');
    else return;
    event.preventDefault();
  });
}

/** Up and down in a set, left and right from one to the other. */
function moveFocus(key: string): boolean {
  const sets = Array.from(document.querySelectorAll('.side'), (side) =>
    Array.from(side.querySelectorAll<HTMLElement>('.row .thumbs .up')),
  );
  const rows = sets.flat();
  if (rows.length === 0) return false;
  const focused = rows.find((row) => row.closest('.row')?.contains(document.activeElement));
  if (!focused) {
    rows[0].focus();
    return true;
  }
  const side = sets[0].includes(focused) ? 0 : 1;
  const at = sets[side].indexOf(focused);
  const other = sets[key === 'ArrowLeft' ? 0 : 1];
  const next =
    key === 'ArrowUp'
      ? sets[side][at - 1]
      : key === 'ArrowDown'
        ? sets[side][at + 1]
        : other[Math.min(at, other.length - 1)];
  next?.focus();
  return true;
}
