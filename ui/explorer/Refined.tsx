/** What stands around the sets: what they leave out, with the way back; more of them; what people chose. */
import type { Reference } from '../../src/serve/http/schemas.js';
import { CrossIcon } from '../shared/icons.tsx';
import { answers, ask, excludedTitle, k, methods, question, reference } from './state.ts';

export function Refined() {
  const { offset, exclude } = question.value;
  if (offset === 0 && exclude.length === 0) return null;
  return (
    <div class="refined small">
      {offset > 0 && (
        <p>
          Items {offset + 1} to {offset + k.value} of each set
          <button type="button" class="button" onClick={() => ask({ offset: 0 })}>
            Back to the first
          </button>
        </p>
      )}
      {exclude.length > 0 && (
        <p>
          Without
          {exclude.map((id) => (
            <button
              key={id}
              type="button"
              class="chip"
              title="Let it in again"
              onClick={() => ask({ exclude: exclude.filter((other) => other !== id) })}
            >
              {excludedTitle(id)}
              <CrossIcon />
            </button>
          ))}
          {exclude.length > 1 && (
            <button type="button" class="button" onClick={() => ask({ exclude: [] })}>
              All back
            </button>
          )}
        </p>
      )}
    </div>
  );
}

const SPLITS: Readonly<Record<Reference['split'], string>> = {
  train: 'Methods that learned from sets have seen this answer.',
  valid: 'Settings were chosen by queries like this one.',
  test: 'No method has seen it.',
};

/** What the ticks are, and whether they are news to the methods. */
export function Known() {
  if (!reference.value) return null;
  const { split, items } = reference.value;
  return (
    <p class="muted small known">
      <i class="right">✓</i> is what people chose: {items.length} {items.length === 1 ? 'item' : 'items'} for
      this {split} query of the run. {SPLITS[split]}
    </p>
  );
}

/** More like these sets. */
export function More() {
  const { offset } = question.value;
  const isMore = methods.value.some((m) => {
    const answer = answers.value[m];
    return answer !== undefined && answer.result.items.length >= answer.k;
  });
  if (methods.value.length === 0) return null;
  return (
    <p class="more">
      {offset > 0 && (
        <button type="button" class="button" onClick={() => ask({ offset: Math.max(0, offset - k.value) })}>
          Those before
        </button>
      )}
      <button
        type="button"
        class="button"
        title="The next items of each set (N)"
        disabled={!isMore}
        onClick={() => ask({ offset: offset + k.value })}
      >
        More like this
      </button>
    </p>
  );
}
