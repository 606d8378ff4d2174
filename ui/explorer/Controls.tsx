/** The search field and everything that shapes the answer. */
import { SearchIcon, ShuffleIcon } from '../shared/icons.tsx';
import { Filters } from './Filters.tsx';
import { MethodPicker } from './MethodPicker.tsx';
import { isRandom, nameOf } from './methods.ts';
import { Slider } from './Slider.tsx';
import { ask, askFor, info, k, methods, question, steps, usualDiversity } from './state.ts';

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
        onInput={(event) => askFor(event.currentTarget.value)}
      />
      <kbd>/</kbd>
    </div>
  );
}

export function Controls() {
  return (
    <div class="controls">
      <MethodPicker />
      <Filters />
      <div class="knobs">
        <Items />
        <Diversity />
        <Relevance />
        {methods.value.includes('diffusion') && <Steps />}
        <Distinct />
        <button
          type="button"
          class="button"
          title="Other random numbers, another set (S)"
          disabled={!methods.value.some(isRandom)}
          onClick={() => ask({ seed: question.value.seed + 1 })}
        >
          <ShuffleIcon />
          Another set
        </button>
      </div>
    </div>
  );
}

function Items() {
  const most = Math.min(info.value?.limits.k ?? 100, 30);
  return (
    <Slider
      name="k"
      label="Items"
      value={k.value}
      text={String(k.value)}
      min={1}
      max={Math.max(most, k.value)}
      onChange={(value) => ask({ k: value === info.value?.k ? undefined : value })}
      onReset={question.value.k === undefined ? undefined : () => ask({ k: undefined })}
    />
  );
}

/** How different the items should be. Left alone, it is what suits each method: what validation chose. */
function Diversity() {
  const { diversity } = question.value;
  const able = methods.value.filter((method) => usualDiversity.value.has(method));
  const own = able.map((method) => `${nameOf(method)} ${usualDiversity.value.get(method)}`).join(', ');
  const title =
    able.length === 0
      ? 'None of these methods can be told how different its items should be'
      : `From what fits best to what differs most; by itself ${own}`;
  return (
    <Slider
      name="diversity"
      label="Diversity"
      value={diversity ?? usualDiversity.value.get(able[0]) ?? 0}
      text={diversity === undefined ? 'auto' : diversity.toFixed(2)}
      min={0}
      max={1}
      step={0.05}
      title={title}
      disabled={able.length === 0}
      onChange={(value) => ask({ diversity: value })}
      onReset={diversity === undefined ? undefined : () => ask({ diversity: undefined })}
    />
  );
}

function Relevance() {
  const { minScore } = question.value;
  return (
    <Slider
      name="minScore"
      label="Relevance"
      value={minScore ?? 0}
      text={minScore === undefined ? 'any' : `≥ ${minScore.toFixed(2)}`}
      min={Math.min(0, minScore ?? 0)}
      max={0.95}
      step={0.05}
      title="Items of less relevance, the cosine to the query, are left out"
      onChange={(value) => ask({ minScore: value === 0 ? undefined : value })}
      onReset={minScore === undefined ? undefined : () => ask({ minScore: undefined })}
    />
  );
}

function Steps() {
  const usual = info.value?.steps;
  const most = Math.min(info.value?.limits.steps ?? 256, 64);
  return (
    <Slider
      name="steps"
      label="Steps"
      value={steps.value ?? 1}
      text={String(steps.value ?? '–')}
      // A run may denoise nothing unless it is asked to.
      min={usual === 0 ? 0 : 1}
      max={Math.max(most, steps.value ?? 1)}
      title="Denoising steps of Diffusion"
      disabled={steps.value === undefined}
      onChange={(value) => ask({ steps: value === usual ? undefined : value })}
      onReset={question.value.steps === undefined ? undefined : () => ask({ steps: undefined })}
    />
  );
}

/** At most so many items with the same value of a field. */
function Distinct() {
  const { distinct } = question.value;
  const fields = info.value?.catalog.fields.map(({ name }) => name) ?? [];
  const names = distinct && !fields.includes(distinct.field) ? [...fields, distinct.field] : fields;
  const numbers = [...new Set([1, 2, 3, 5, distinct?.max ?? 1])].sort((a, b) => a - b);
  return (
    <div class="pick" title="Limits how many items of a set have the same value of a field">
      <label for="distinct">Distinct by</label>
      <span>
        <select
          id="distinct"
          value={distinct?.field ?? ''}
          disabled={names.length === 0}
          onChange={({ currentTarget: { value } }) =>
            ask({ distinct: value === '' ? undefined : { field: value, max: distinct?.max ?? 1 } })
          }
        >
          <option value="">nothing</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        {distinct && (
          <select
            aria-label="Items for each value"
            value={String(distinct.max)}
            onChange={({ currentTarget: { value } }) =>
              ask({ distinct: { ...distinct, max: Number(value) } })
            }
          >
            {numbers.map((n) => (
              <option key={n} value={String(n)}>
                {n} each
              </option>
            ))}
          </select>
        )}
      </span>
    </div>
  );
}
