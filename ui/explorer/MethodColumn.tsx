/** One method's set: how good it is, and its items as cards. */
import type { Method } from '../../src/retrieve/methodNames.js';
import type { Timings } from '../../src/serve/http/schemas.js';
import { canLabel, itemVerdict, judgeSet, setVerdict } from '../shared/labels.ts';
import { OnTopic, Thumbs } from '../shared/Thumbs.tsx';
import { Card } from './Card.tsx';
import { aboutOf, nameOf } from './methods.ts';
import { type Answer, answers, k, waiting } from './state.ts';
import { shortOf } from './why.ts';

export function MethodColumn({ method }: { method: Method }) {
  const answer = answers.value[method];
  const result = answer?.result;
  return (
    <section
      class={`column ${method}`}
      aria-label={nameOf(method)}
      aria-busy={waiting.value.has(method)}
      data-method={method}
    >
      <header>
        <h2 title={aboutOf(method)}>
          <i class="dot" />
          {nameOf(method)}
        </h2>
        <p class="time num muted" title={answer && timingsTitle(answer.timings)}>
          {answer ? `${answer.timings.total.toFixed(answer.timings.total < 10 ? 1 : 0)} ms` : ' '}
        </p>
        {canLabel.value && <Marks method={method} answer={answer} />}
        <Bars answer={answer} />
        {result?.fallback !== undefined && (
          <p class="notice small">Plain search answers: {result.fallback}</p>
        )}
      </header>
      <ol class="cards">
        {result
          ? result.items.map((item) => <Card key={item.id} item={item} method={method} result={result} />)
          : Array.from({ length: k.value }, (_, i) => <li key={i} class="card empty" aria-hidden="true" />)}
      </ol>
      {answer && <Short answer={answer} />}
    </section>
  );
}

/** What the user has marked in this set, and of it as a whole. */
function Marks({ method, answer }: { method: Method; answer?: Answer }) {
  const { query = '', items = [] } = answer?.result ?? {};
  const set = { method, items: items.map(({ id }) => id) };
  return (
    <div class="marked">
      <OnTopic verdicts={set.items.map((id) => itemVerdict(query, id))} />
      {items.length > 0 && (
        <Thumbs
          verdict={setVerdict(query, set)}
          what={`the set of ${nameOf(method)}`}
          titles={{
            up: 'A good set: all of its items are on topic, but for those you mark otherwise',
            down: 'Not a good set; says nothing of its items',
          }}
          onSay={(side) => judgeSet(query, set, side)}
        />
      )}
    </div>
  );
}

function Short({ answer: { result, asked, k: wanted } }: { answer: Answer }) {
  const { query, unknown, items } = result;
  if (unknown) {
    return (
      <p class="unknown">
        <b>Nothing here knows “{query}”.</b> No word of it is in the catalog or known to the encoder: try
        other words.
      </p>
    );
  }
  if (items.length >= wanted) return null;
  return <p class="muted small short">{shortOf(asked, items.length)}</p>;
}

/** Whether the items fit comes before how different they are; what people chose comes first, where that is known. */
function Bars({ answer }: { answer?: Answer }) {
  const { metrics, reference, items = [] } = answer?.result ?? {};
  const isEmpty = items.length === 0;
  return (
    <dl class="bars">
      {answer && reference && (
        <Precision ids={items.map(({ id }) => id)} reference={reference.items} k={answer.k} />
      )}
      <Bar
        label="Nearness"
        title="Mean relevance of the items, their cosines to the query: whether they are like it, not whether they belong to it"
        value={isEmpty ? undefined : metrics?.alignment}
      />
      <Bar
        label="Diversity"
        title="How different the items are: the Vendi score on a scale of 0 to 1"
        value={isEmpty ? undefined : metrics?.diversity}
      />
    </dl>
  );
}

interface PrecisionProps {
  readonly ids: readonly string[];
  readonly reference: readonly string[];
  readonly k: number;
}

function Precision({ ids, reference, k: wanted }: PrecisionProps) {
  const right = ids.filter((id) => reference.includes(id)).length;
  const title = `${right} of ${wanted} are among the ${reference.length} that people chose`;
  return <Bar label={`P@${wanted}`} title={title} value={right / wanted} />;
}

function Bar({ label, title, value }: { label: string; title: string; value?: number }) {
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd>
        <span class="bar">
          <i style={{ width: `${100 * Math.min(1, Math.max(0, value ?? 0))}%` }} />
        </span>
        <b class="num">{value === undefined ? '' : value.toFixed(2)}</b>
      </dd>
    </div>
  );
}

function timingsTitle({ queue, encode, directions, search }: Timings): string {
  const parts = Object.entries({ queue, encode, directions, search });
  return parts.map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join('\n');
}
