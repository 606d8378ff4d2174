/** One item of a set. */
import type { Method } from '../../src/retrieve/methodNames.js';
import type { FoundItem, SetResult } from '../../src/serve/http/schemas.js';
import { CrossIcon } from '../shared/icons.tsx';
import { canLabel, itemVerdict, judgeItem } from '../shared/labels.ts';
import { Thumbs } from '../shared/Thumbs.tsx';
import { Picture } from './Picture.tsx';
import { chosen, exclude, methods, opened, pointed, sharedBy } from './state.ts';
import { whyOf } from './why.ts';

interface CardProps {
  readonly item: FoundItem;
  readonly method: Method;
  readonly result: SetResult;
}

export function Card({ item, method, result }: CardProps) {
  const { id, title, score } = item;
  const isShared = (sharedBy.value.get(id) ?? 1) > 1 && methods.value.length > 1;
  const isChosen = chosen.value.has(id);
  const point = () => {
    pointed.value = id;
  };
  const leave = () => {
    if (pointed.peek() === id) pointed.value = undefined;
  };
  const why = whyOf(item, result);
  const { query } = result;
  const verdict = itemVerdict(query, id);
  const people = isChosen ? ', people chose it' : '';
  const said = verdict === 'none' ? '' : verdict === 'up' ? ', marked on topic' : ', marked not on topic';
  return (
    <li
      class={`card ${verdict} ${pointed.value === id ? 'pointed' : ''}`}
      onPointerEnter={point}
      onPointerLeave={leave}
    >
      <button
        type="button"
        class="open"
        aria-label={`${title}, relevance ${score.toFixed(2)}, ${why.text}${people}${said}`}
        onClick={() => {
          opened.value = { item, method };
        }}
        onFocus={point}
        onBlur={leave}
      >
        <Picture item={item} />
        <span class="what">
          <span class="title" title={title}>
            {title}
          </span>
          <span class="why" title={why.title}>
            {why.text}
          </span>
        </span>
        <span class="marks">
          {isChosen && (
            <i class="right" title="People chose it for this query">
              ✓
            </i>
          )}
          {isShared && <i class="shared" title="Also in another set" />}
        </span>
        <span class="score num" title="Relevance: cosine between query and item">
          {score.toFixed(2)}
        </span>
        <span class="relevance" style={{ width: `${100 * Math.min(1, Math.max(0, score))}%` }} />
      </button>
      <span class="tools">
        {canLabel.value && (
          <Thumbs
            verdict={verdict}
            what={title}
            titles={{ up: 'On topic (U)', down: 'Not on topic (D)' }}
            tab={false}
            onSay={(side) => judgeItem(query, id, side, method)}
          />
        )}
        <button
          type="button"
          class="not"
          tabIndex={-1}
          title="Not this one: search again without it (X)"
          aria-label={`Not ${title}`}
          onClick={() => exclude(item)}
        >
          <CrossIcon />
        </button>
      </span>
    </li>
  );
}
