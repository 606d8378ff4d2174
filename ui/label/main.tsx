/** Labelling: two sets of one query side by side, of methods that are not named; which is better, and what is on topic? */
import { render } from 'preact';
import type { FoundItem } from '../../src/serve/http/schemas.js';
import { Picture } from '../explorer/Picture.tsx';
import { itemVerdict, setVerdict, task } from '../shared/labels.ts';
import { applyTheme, Top } from '../shared/Page.tsx';
import { OnTopic, Thumbs, Unkept } from '../shared/Thumbs.tsx';
import '../shared/base.css';
import './label.css';
import { KEYS, listenToKeys } from './keys.ts';
import { Summary } from './Summary.tsx';
import {
  allFit,
  choose,
  decided,
  decision,
  done,
  failure,
  go,
  judge,
  pair,
  place,
  pointed,
  query,
  retry,
  SIDES,
  type Side,
  shownSet,
  start,
} from './state.ts';

function Labelling() {
  const asked = query.value;
  return (
    <>
      <Top title="r4t label" about="Which set is better, and which items are on topic?" />
      <main class="label">
        {failure.value && (
          <p class="notice bad" role="alert">
            <b>No answer:</b> {failure.value.message}
            <button type="button" class="button" onClick={retry}>
              Try again
            </button>
          </p>
        )}
        <Unkept />
        {task.value && <Progress />}
        {task.value && (asked === undefined ? <Summary /> : <Query key={asked} asked={asked} />)}
        {!task.value && !failure.value && <NoTask />}
      </main>
    </>
  );
}

/** A service that was not started for labelling. */
function NoTask() {
  return (
    <p class="muted">
      Start <code>r4t label</code> with a run folder: it says which queries to ask about.
    </p>
  );
}

function Progress() {
  const { queries } = task.value!;
  return (
    <div class="progress">
      <p>
        <b class="num">{done.value}</b> of <span class="num">{queries.length}</span> queries
      </p>
      <ol>
        {queries.map((text, i) => (
          <li key={text}>
            <button
              type="button"
              class={decided.value[i] ? 'done' : ''}
              aria-current={i === place.value ? 'step' : undefined}
              aria-label={`Query ${i + 1}: ${text}${decided.value[i] ? ', done' : ''}`}
              title={text}
              tabIndex={-1}
              onClick={() => go(i)}
            />
          </li>
        ))}
      </ol>
      <button type="button" class="button" onClick={() => go(queries.length)}>
        Results
      </button>
    </div>
  );
}

function Query({ asked }: { asked: string }) {
  const better = decision(asked, task.value!)?.better;
  const chosen = (side: Side) => better !== undefined && better === shownSet(side).method;
  return (
    <>
      <h2 class="asked">{asked}</h2>
      <div class="sides">
        <ShownSet asked={asked} side={0} isChosen={chosen(0)} />
        <ShownSet asked={asked} side={1} isChosen={chosen(1)} />
      </div>
      <fieldset class="choices">
        <legend class="visually-hidden">Which set is better?</legend>
        <Choice text="A is better" shortcut="1" isChosen={chosen(0)} onClick={() => choose(0)} />
        <Choice
          text="Equally good"
          shortcut="0"
          isChosen={better === 'equal'}
          onClick={() => choose('equal')}
        />
        <Choice text="B is better" shortcut="2" isChosen={chosen(1)} onClick={() => choose(1)} />
      </fieldset>
      <dl class="keys small muted">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

interface ChoiceProps {
  readonly text: string;
  readonly shortcut: string;
  readonly isChosen: boolean;
  readonly onClick: () => void;
}

function Choice({ text, shortcut, isChosen, onClick }: ChoiceProps) {
  return (
    <button
      type="button"
      class="button"
      aria-pressed={isChosen}
      aria-keyshortcuts={shortcut}
      disabled={!pair.value}
      onClick={onClick}
    >
      {text} <kbd>{shortcut}</kbd>
    </button>
  );
}

function ShownSet({ asked, side, isChosen }: { asked: string; side: Side; isChosen: boolean }) {
  const result = pair.value?.[side];
  const items = result?.items ?? [];
  const isLiked = setVerdict(asked, shownSet(side)) === 'up';
  return (
    <section class={`side ${isChosen ? 'chosen' : ''}`} aria-label={`Set ${SIDES[side]}`} aria-busy={!result}>
      <header>
        <h3>{SIDES[side]}</h3>
        <OnTopic verdicts={items.map(({ id }) => itemVerdict(asked, id))} />
        <button
          type="button"
          class="button all"
          aria-pressed={isLiked}
          title="All of these are on topic, but for those you mark otherwise"
          disabled={items.length === 0}
          onClick={() => allFit(side)}
        >
          All fit <kbd>{side === 0 ? '[' : ']'}</kbd>
        </button>
      </header>
      <ol>
        {items.map((item) => (
          <Row key={item.id} asked={asked} side={side} item={item} />
        ))}
      </ol>
      {result && items.length === 0 && <p class="muted small">This method found nothing.</p>}
    </section>
  );
}

function Row({ asked, side, item }: { asked: string; side: Side; item: FoundItem }) {
  const { id, title, category } = item;
  const verdict = itemVerdict(asked, id);
  const point = () => {
    pointed.value = { side, id };
  };
  return (
    <li class={`row ${verdict}`} onFocusIn={point} onPointerEnter={point}>
      <Picture item={item} />
      <span class="what">
        <span class="title">{title}</span>
        {category !== undefined && <span class="muted small">{category}</span>}
      </span>
      <Thumbs
        verdict={verdict}
        what={title}
        titles={{ up: 'On topic (U)', down: 'Not on topic (D)' }}
        onSay={(said) => judge(side, id, said)}
      />
    </li>
  );
}

applyTheme();
void start();
listenToKeys();
render(<Labelling />, document.getElementById('app')!);
