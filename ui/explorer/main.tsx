/** The set explorer: type a query, see the sets of several methods side by side. */
import { render } from 'preact';
import { applyTheme, ShareButton, Top } from '../shared/Page.tsx';
import '../shared/base.css';
import './explorer.css';
import { Unkept } from '../shared/Thumbs.tsx';
import { setApiKey } from './api.ts';
import { Controls, SearchField } from './Controls.tsx';
import { Details } from './Details.tsx';
import { listenToKeys } from './keys.ts';
import { MapView } from './MapView.tsx';
import { MethodColumn } from './MethodColumn.tsx';
import { nameOf } from './methods.ts';
import { Known, More, Refined } from './Refined.tsx';
import {
  ask,
  askFor,
  failure,
  info,
  loadRun,
  methods,
  question,
  retry,
  start,
  suggestions,
} from './state.ts';

function Explorer() {
  const { query } = question.value;
  const asked = query.trim() !== '';
  return (
    <>
      <Top title="r4t" about={describeRun()}>
        <ShareButton />
      </Top>
      <main>
        <SearchField />
        <Controls />
        <Failure />
        <Unkept />
        {asked && <Refined />}
        <div class="stage">
          {asked ? (
            <div class="sets">
              <div class="columns">
                {methods.value.map((method) => (
                  <MethodColumn key={method} method={method} />
                ))}
              </div>
              <More />
              <Known />
            </div>
          ) : (
            <Welcome />
          )}
          <aside>
            <MapView />
            <Keys />
          </aside>
        </div>
      </main>
      <Details />
    </>
  );
}

function describeRun(): string {
  const { run, catalog, method } = info.value ?? {};
  if (!run || !catalog || !method) return '';
  return `${run.name} · ${catalog.items.toLocaleString('en')} items · auto: ${nameOf(method)}`;
}

function Welcome() {
  return (
    <section class="welcome">
      <h2>One query, several ways to a set</h2>
      <p class="muted">
        Type something broad, and the methods answer side by side: {listed(methods.value.map(nameOf))}. Each
        shows what it found, how varied it is, and why each item is there. Mark what is on topic, and the next
        run can learn from it.
      </p>
      {suggestions.value.length > 0 && (
        <ul class="suggestions">
          {suggestions.value.map((text) => (
            <li key={text}>
              <button type="button" class="button" onClick={() => askFor(text)}>
                {text}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

function Failure() {
  const error = failure.value;
  if (!error) return null;
  if (error.status === 401) {
    return (
      <form
        class="notice key"
        onSubmit={(event) => {
          event.preventDefault();
          setApiKey(String(new FormData(event.currentTarget).get('key')));
          void loadRun();
          ask({});
        }}
      >
        <label>
          <b>This server wants an API key.</b>{' '}
          <input name="key" type="password" autocomplete="off" required />
        </label>
        <button type="submit" class="button">
          Use it
        </button>
      </form>
    );
  }
  const [field] = error.fields;
  // Said under the filters.
  if (field?.startsWith('filter')) return null;
  return (
    <p class="notice bad" role="alert">
      <b>{field ? `${field.replace(/\W.*/, '')}:` : 'No answer:'}</b> {error.message}
      {error.fields.length === 0 && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </p>
  );
}

function Keys() {
  return (
    <dl class="keys small muted">
      {[
        ['/', 'query'],
        ['M', 'methods'],
        ['[ ]', 'fewer, more items'],
        ['← →', 'from item to item'],
        ['U D', 'on topic, not on topic'],
        ['X', 'not this one'],
        ['N', 'the next ones'],
        ['S', 'another set'],
      ].map(([key, what]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}

applyTheme();
start();
listenToKeys();
render(<Explorer />, document.getElementById('app')!);
