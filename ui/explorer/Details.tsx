/** Everything that is known of one found item. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { formatEquals } from '../../src/catalog/filter/formatEquals.js';
import { CrossIcon } from '../shared/icons.tsx';
import { directionOf } from './MethodColumn.tsx';
import { Picture } from './Picture.tsx';
import { METHOD_NAMES } from './request.ts';
import { answers, ask, opened, question } from './state.ts';

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
  const { id, title, category, score, directionScore, rank, metadata } = item;
  const result = answers.value[method]?.result;
  const rows: [string, string][] = [
    ['id', id],
    ['found by', METHOD_NAMES[method]],
    ['where', result ? directionOf(item, result).title : ''],
    ['relevance', score.toFixed(3)],
    ['rank', `${rank}, at ${directionScore.toFixed(3)} to its direction`],
    ...(category === undefined ? [] : [['category', category] as [string, string]]),
    ...Object.entries(metadata).map(([name, value]): [string, string] => [name, String(value)]),
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
            ask({ query: title });
          }}
        >
          Search for this
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            opened.value = undefined;
            ask({ exclude: [...question.value.exclude, id] });
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
