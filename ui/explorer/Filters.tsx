/** Conditions that items must pass, as chips, and a field to write another. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { formatEquals } from '../../src/catalog/filter/formatEquals.js';
import { CrossIcon } from '../shared/icons.tsx';
import { ask, failure, info, question, removeFilter } from './state.ts';

/** Most of the conditions offered while one is typed. */
const OFFERED = 200;

export function Filters() {
  const draft = useSignal('');
  const field = useRef<HTMLInputElement>(null);
  const { filters } = question.value;
  const problem = filterProblem();
  const add = (event: Event) => {
    event.preventDefault();
    const text = draft.value.trim();
    if (text !== '' && !filters.includes(text)) ask({ filters: [...filters, text] });
    draft.value = '';
  };
  const edit = (filter: string) => {
    removeFilter(filter);
    draft.value = filter;
    field.current?.focus();
  };
  const offered = (info.value?.catalog.fields ?? []).flatMap(({ name, values }) =>
    (values ?? []).map(({ value, items }) => ({ text: formatEquals(name, value), items })),
  );
  return (
    <form class="filter-form" onSubmit={add}>
      <div class={`filters ${problem ? 'wrong' : ''}`}>
        {filters.map((filter, i) => (
          <span key={filter} class={`chip ${problem && (problem.place ?? i) === i ? 'wrong' : ''}`}>
            <button type="button" title="Change this filter" onClick={() => edit(filter)}>
              {filter}
            </button>
            <button
              type="button"
              title="Remove this filter"
              aria-label={`Remove ${filter}`}
              onClick={() => removeFilter(filter)}
            >
              <CrossIcon />
            </button>
          </span>
        ))}
        <input
          ref={field}
          class="filter-draft"
          list="conditions"
          aria-label="Add a filter"
          aria-describedby="filter-problem"
          autocapitalize="off"
          spellcheck={false}
          placeholder={filters.length > 0 ? 'and …' : 'Filter, e.g. category=shoes|boots AND price<50'}
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
      </div>
      {problem && (
        <p id="filter-problem" class="problem small" role="alert">
          {problem.message}
        </p>
      )}
    </form>
  );
}

/** What the service says of the filters, and which of them it means, where it says so. */
function filterProblem(): { message: string; place?: number } | undefined {
  const field = failure.value?.fields.find((name) => name.startsWith('filter'));
  if (field === undefined || !failure.value) return undefined;
  const place = /^filter\[(\d+)\]/.exec(field);
  return { message: failure.value.message, ...(place && { place: Number(place[1]) }) };
}
