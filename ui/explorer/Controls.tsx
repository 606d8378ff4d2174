/** The search field and everything that shapes the answer. */
import { useSignal } from '@preact/signals';
import { formatEquals } from '../../src/catalog/filter/formatEquals.js';
import type { Method } from '../../src/retrieve/retriever.js';
import { CrossIcon, SearchIcon, ShuffleIcon } from '../shared/icons.tsx';
import { DIVERSIFIABLE, METHOD_NAMES, METHODS } from './request.ts';
import { ask, failure, info, k, missing, question, removeFilter, steps, toggleMethod } from './state.ts';

export function SearchField() {
  return (
    <div class="search">
      <SearchIcon />
      <input
        id="query"
        type="search"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        autofocus
        enterkeyhint="search"
        placeholder="A broad query, such as camping gear"
        aria-label="Query"
        value={question.value.query}
        onInput={(event) => ask({ query: event.currentTarget.value, offset: 0, exclude: [] })}
      />
      <kbd>/</kbd>
    </div>
  );
}

export function Controls() {
  const { methods, seed } = question.value;
  const limit = Math.min(info.value?.limits.k ?? 100, 30);
  const mostSteps = Math.min(info.value?.limits.steps ?? 256, 64);
  return (
    <div class="controls">
      <fieldset class="methods">
        <legend class="visually-hidden">Methods</legend>
        {METHODS.map((method, i) => (
          <MethodButton key={method} method={method} number={i + 1} on={methods.includes(method)} />
        ))}
      </fieldset>
      <Slider
        name="k"
        label="Items"
        value={k.value}
        max={Math.max(limit, k.value)}
        onChange={(value) => ask({ k: value === info.value?.k ? undefined : value })}
      />
      <Slider
        name="steps"
        label="Steps"
        value={steps.value}
        max={Math.max(mostSteps, steps.value ?? 1)}
        disabled={!methods.includes('diffusion')}
        onChange={(value) => ask({ steps: value === info.value?.steps ? undefined : value })}
      />
      <button
        type="button"
        class="button"
        title="Other random numbers, another set (S)"
        disabled={!methods.some((method) => method === 'diffusion' || method === 'folm')}
        onClick={() => ask({ seed: seed + 1 })}
      >
        <ShuffleIcon />
        Another set
      </button>
      <Diversity />
      <More />
      <Filters />
    </div>
  );
}

function MethodButton({ method, number, on }: { method: Method; number: number; on: boolean }) {
  const reason = missing.value.get(method);
  return (
    <button
      type="button"
      class={`button method ${method}`}
      aria-pressed={on}
      title={reason ?? `${on ? 'Hide' : 'Show'} ${METHOD_NAMES[method]}${number < 10 ? ` (${number})` : ''}`}
      disabled={reason !== undefined && !on}
      onClick={() => toggleMethod(method)}
    >
      <i class="dot" />
      {METHOD_NAMES[method]}
    </button>
  );
}

/** How different the items should be; at its left end what validation chose. */
function Diversity() {
  const { diversity, methods } = question.value;
  const place = diversity === undefined ? 0 : 1 + Math.round(20 * diversity);
  const disabled = !methods.some((method) => DIVERSIFIABLE.has(method));
  return (
    <label class="slider" aria-disabled={disabled} title="From what fits best to what differs most">
      <span>
        Diversity <b class="num">{diversity === undefined ? 'auto' : diversity.toFixed(2)}</b>
      </span>
      <input
        class="range"
        type="range"
        name="diversity"
        min={0}
        max={21}
        value={place}
        disabled={disabled}
        style={{ '--filled': `${(100 * place) / 21}%` }}
        onInput={(event) => {
          const chosen = Number(event.currentTarget.value);
          ask({ diversity: chosen === 0 ? undefined : (chosen - 1) / 20 });
        }}
      />
    </label>
  );
}

/** More of the same, and the way back to what was asked first. */
function More() {
  const { query, offset, exclude } = question.value;
  return (
    <>
      <button
        type="button"
        class="button"
        title="The next items of each set"
        disabled={query.trim() === ''}
        onClick={() => ask({ offset: offset + k.value })}
      >
        More like this
      </button>
      {(offset > 0 || exclude.length > 0) && (
        <button type="button" class="button" onClick={() => ask({ offset: 0, exclude: [] })}>
          {exclude.length > 0 ? `Back, with the ${exclude.length} left out` : 'Back to the first'}
        </button>
      )}
    </>
  );
}

interface SliderProps {
  readonly name: string;
  readonly label: string;
  readonly value: number | undefined;
  readonly max: number;
  readonly disabled?: boolean;
  readonly onChange: (value: number) => void;
}

function Slider({ name, label, value, max, disabled, onChange }: SliderProps) {
  const shown = value ?? 1;
  return (
    <label class="slider" aria-disabled={disabled || value === undefined}>
      <span>
        {label} <b class="num">{value ?? '–'}</b>
      </span>
      <input
        class="range"
        type="range"
        name={name}
        min={1}
        max={max}
        value={shown}
        disabled={disabled || value === undefined}
        style={{ '--filled': `${(100 * (shown - 1)) / Math.max(1, max - 1)}%` }}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </label>
  );
}

/** Most of the conditions offered while one is typed. */
const OFFERED = 200;

function Filters() {
  const draft = useSignal('');
  const { filters } = question.value;
  const wrong = failure.value?.fields.some((field) => field.startsWith('filter')) ?? false;
  const add = (event: Event) => {
    event.preventDefault();
    const text = draft.value.trim();
    if (text !== '' && !filters.includes(text)) ask({ filters: [...filters, text] });
    draft.value = '';
  };
  const offered = (info.value?.catalog.fields ?? []).flatMap(({ name, values }) =>
    (values ?? []).map(({ value, items }) => ({ text: formatEquals(name, value), items })),
  );
  return (
    <form class="filters" onSubmit={add}>
      {filters.map((filter) => (
        <button
          key={filter}
          type="button"
          class={`chip ${wrong ? 'wrong' : ''}`}
          title="Remove this filter"
          onClick={() => removeFilter(filter)}
        >
          {filter}
          <CrossIcon />
        </button>
      ))}
      <input
        class="filter-draft"
        list="conditions"
        aria-label="Add a filter"
        placeholder={filters.length > 0 ? 'and …' : 'Filter, e.g. category=shoes'}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
          // A condition chosen from the list is complete; there is no key to wait for.
          if (offered.some(({ text }) => text === draft.value) && !(event as InputEvent).data) add(event);
        }}
      />
      <datalist id="conditions">
        {offered.slice(0, OFFERED).map(({ text, items }) => (
          <option key={text} value={text} label={`${items} items`} />
        ))}
      </datalist>
    </form>
  );
}
