/** The set explorer: type a query, see the sets of several methods side by side. */
import { render } from 'preact';
import { applyTheme, ShareButton, Top } from '../shared/Page.tsx';
import '../shared/base.css';
import './explorer.css';
import { setApiKey } from './api.ts';
import { Controls, SearchField } from './Controls.tsx';
import { Details } from './Details.tsx';
import { listenToKeys } from './keys.ts';
import { MapView } from './MapView.tsx';
import { MethodColumn } from './MethodColumn.tsx';
import { METHOD_NAMES } from './request.ts';
import { ask, failure, info, loadRun, question, retry, start, suggestions } from './state.ts';

function Explorer() {
  const { query, methods } = question.value;
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
        <div class={`stage of-${methods.length}`}>
          {asked ? (
            <div class="columns">
              {methods.map((method) => (
                <MethodColumn key={method} method={method} />
              ))}
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
  const { run, catalog } = info.value ?? {};
  if (!run || !catalog) return '';
  return `${run.name} · ${catalog.items.toLocaleString('en')} items`;
}

function Welcome() {
  const { methods } = question.value;
  return (
    <section class="welcome">
      <h2>One query, several ways to a set</h2>
      <p class="muted">
        Type something broad. {methods.map((m) => METHOD_NAMES[m]).join(' and ')} will answer side by side:
        what they found, how varied it is, how close to the query, and where in the catalog it lies.
      </p>
      {suggestions.value.length > 0 && (
        <ul class="suggestions">
          {suggestions.value.map((text) => (
            <li key={text}>
              <button type="button" class="button" onClick={() => ask({ query: text })}>
                {text}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

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
        ['1–9', 'methods'],
        ['[ ]', 'fewer, more items'],
        ['S', 'another set'],
        ['← →', 'from item to item'],
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
