/** Everything that is known of one found item. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { formatEquals } from '../../src/catalog/filter/formatEquals.js';
import type { SetResult } from '../../src/serve/http/schemas.js';
import { CrossIcon } from '../shared/icons.tsx';
import { hasDirections, nameOf } from './methods.ts';
import { Picture } from './Picture.tsx';
import { answers, ask, askFor, exclude, opened, question } from './state.ts';
import { whyOf } from './why.ts';

export function Details() {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = opened.value;
  // In the same commit as the content: after the next paint, a quick Escape would find nothing open, and the dialog then open.
  useLayoutEffect(() => {
    if (shown && !dialog.current?.open) dialog.current?.showModal();
    if (!shown) dialog.current?.close();
  }, [shown]);
  const close = () => {
    opened.value = undefined;
  };
  return (
    <dialog ref={dialog} class="details" aria-label="Item" onClose={close} closedby="any">
      {shown && <Item {...shown} />}
      <button type="button" class="button square close" aria-label="Close" onClick={close}>
        <CrossIcon />
      </button>
    </dialog>
  );
}

function Item({ item, method }: NonNullable<typeof opened.value>) {
  const { id, title, category, score, direction, directionScore, rank, metadata } = item;
  const result = answers.value[method]?.result;
  const rows: (readonly [string, string])[] = [
    ['id', id],
    ['found by', nameOf(method)],
    ['why', result ? whyOf(item, result).title : ''],
    ['relevance', score.toFixed(3)],
    ...(hasDirections(method) && (result?.directions?.length ?? 0) > 1
      ? [['direction', `${direction + 1}; hit ${rank} of it, cosine ${directionScore.toFixed(3)}`] as const]
      : [['rank', String(rank)] as const]),
    ...labelRow(result, id),
    ...(category === undefined ? [] : [['category', category] as const]),
    ...Object.entries(metadata).map(([name, value]) => [name, String(value)] as const),
  ];
  const filter = formatEquals('category', category ?? '');
  return (
    <div class="item">
      <Picture item={item} />
      <h2>{title}</h2>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="buttons">
        <button
          type="button"
          class="button"
          onClick={() => {
            opened.value = undefined;
            askFor(title);
          }}
        >
          Search for this
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            opened.value = undefined;
            exclude(item);
          }}
        >
          Not this one
        </button>
        {category !== undefined && !question.value.filters.includes(filter) && (
          <button
            type="button"
            class="button"
            onClick={() => {
              opened.value = undefined;
              ask({ filters: [...question.value.filters, filter] });
            }}
          >
            Only {category}
          </button>
        )}
      </p>
    </div>
  );
}

/** Whether people chose it, where that is known. */
function labelRow(result: SetResult | undefined, id: string): (readonly [string, string])[] {
  if (!result?.reference) return [];
  return [['people', result.reference.items.includes(id) ? 'chose it for this query' : 'did not choose it']];
}
