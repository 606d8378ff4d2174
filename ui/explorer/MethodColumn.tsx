/** One method's set: how good it is, and its items as cards. */
import type { Method } from '../../src/retrieve/retriever.js';
import type { FoundItem, ResultMetrics, SetResult } from '../../src/serve/http/schemas.js';
import { Picture } from './Picture.tsx';
import { METHOD_NAMES } from './request.ts';
import { answers, k, opened, pointed, question, sharedBy, waiting } from './state.ts';

export function MethodColumn({ method }: { method: Method }) {
  const answer = answers.value[method];
  const result = answer?.result;
  const count = result ? result.items.length : k.value;
  return (
    <section
      class={`column ${method}`}
      aria-label={METHOD_NAMES[method]}
      aria-busy={waiting.value.has(method)}
      data-method={method}
    >
      <header>
        <h2>
          <i class="dot" />
          {METHOD_NAMES[method]}
        </h2>
        <p class="time num muted" title={answer && timingsTitle(answer.timings)}>
          {answer ? `${answer.timings.total.toFixed(answer.timings.total < 10 ? 1 : 0)} ms` : ' '}
        </p>
        <Bars metrics={result?.metrics} />
        {result?.reference && (
          <p class="muted small" title={`One of the run's ${result.reference.split} queries`}>
            {rightOf(result)} of {result.items.length} are what people chose
          </p>
        )}
        {result?.fallback !== undefined && (
          <p class="notice small">Plain search answers: {result.fallback}</p>
        )}
      </header>
      <ol class="cards">
        {result
          ? result.items.map((item) => <Card key={item.id} item={item} method={method} result={result} />)
          : Array.from({ length: count }, (_, i) => <li key={i} class="card empty" aria-hidden="true" />)}
      </ol>
      {result && result.items.length < k.value && <p class="muted small short">{shortOf(result)}</p>}
    </section>
  );
}

/** Items of the set that are in the query's reference set. */
function rightOf({ items, reference }: SetResult): number {
  const chosen = new Set(reference?.items);
  return items.filter(({ id }) => chosen.has(id)).length;
}

/** Why a set has fewer items than were asked for. */
function shortOf({ unknown, items }: SetResult): string {
  if (unknown) return 'No word of the query is known here.';
  return items.length === 0 ? 'No item passes the filters.' : 'No other item passes the filters.';
}

/** Whether the items fit comes before how different they are. */
const BARS: readonly { name: keyof ResultMetrics; label: string; title: string }[] = [
  { name: 'alignment', label: 'On topic', title: 'Mean relevance of the items: their cosines to the query' },
  {
    name: 'diversity',
    label: 'Diversity',
    title: 'How different the items are: the Vendi score on a scale of 0 to 1',
  },
];

function Bars({ metrics }: { metrics?: ResultMetrics }) {
  return (
    <dl class="bars">
      {BARS.map(({ name, label, title }) => {
        const value = metrics?.[name];
        return (
          <div key={name} title={title}>
            <dt>{label}</dt>
            <dd>
              <span class="bar">
                <i style={{ width: `${100 * Math.min(1, Math.max(0, value ?? 0))}%` }} />
              </span>
              <b class="num">{value === undefined ? '' : value.toFixed(2)}</b>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

interface CardProps {
  readonly item: FoundItem;
  readonly method: Method;
  readonly result: SetResult;
}

function Card({ item, method, result }: CardProps) {
  const { id, title, score } = item;
  const shared = (sharedBy.value.get(id) ?? 1) > 1 && question.value.methods.length > 1;
  const point = () => {
    pointed.value = id;
  };
  const leave = () => {
    if (pointed.peek() === id) pointed.value = undefined;
  };
  const direction = directionOf(item, result);
  const isRight = result.reference?.items.includes(id) ?? false;
  return (
    <li class={`card ${pointed.value === id ? 'pointed' : ''}`}>
      <button
        type="button"
        aria-label={`${title}, relevance ${score.toFixed(2)}, ${direction.text}`}
        onClick={() => {
          opened.value = { item, method };
        }}
        onPointerEnter={point}
        onPointerLeave={leave}
        onFocus={point}
        onBlur={leave}
      >
        <Picture item={item} />
        <span class="what">
          <span class="title" title={title}>
            {isRight && <span title="People chose it">✓ </span>}
            {title}
          </span>
          <span class="why" title={direction.title}>
            {direction.text}
          </span>
        </span>
        <span class="score num" title="Relevance: cosine of the item to the query">
          {shared && <i class="shared" title="Also in another set" />}
          {score.toFixed(2)}
        </span>
      </button>
    </li>
  );
}

/** Where an item came from, in words. */
export function directionOf(
  { id, direction, subQuery, sharedWords, rank }: FoundItem,
  { directions = [], method }: SetResult,
): { text: string; title: string } {
  const place = rank > 1 ? `, its hit number ${rank}` : '';
  if (subQuery !== undefined) return { text: `“${subQuery}”`, title: `Sub-query “${subQuery}”${place}` };
  if (sharedWords.length > 0) {
    const words = sharedWords.join(', ');
    return { text: `has ${words}`, title: `Shares ${words} with the query` };
  }
  if (method !== 'diffusion' && method !== 'kmeans')
    return { text: `hit ${rank}`, title: `Hit ${rank} of the query itself` };
  const nearest = directions[direction]?.nearest;
  const name = `Direction ${direction + 1}`;
  if (!nearest || nearest.id === id)
    return { text: name, title: `${name}; this is the item nearest to it${place}` };
  return {
    text: `near ${nearest.title}`,
    title: `${name} is nearest to ${nearest.title}, which another direction took${place}`,
  };
}

function timingsTitle(timings: {
  queue: number;
  encode: number;
  directions: number;
  search: number;
}): string {
  const { queue, encode, directions, search } = timings;
  const parts = Object.entries({ queue, encode, directions, search });
  return parts.map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join('\n');
}
