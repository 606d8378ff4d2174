/** Which methods have a column. */
import { useEffect, useRef } from 'preact/hooks';
import type { Method } from '../../src/retrieve/methodNames.js';
import { CrossIcon } from '../shared/icons.tsx';
import { aboutOf, GROUPS, nameOf, whyAuto } from './methods.ts';
import { info, methods, missing, toggleMethod } from './state.ts';

export function MethodPicker() {
  return (
    <fieldset class="methods">
      <legend class="visually-hidden">Methods</legend>
      {methods.value.map((method) => (
        <Shown key={method} method={method} isLast={methods.value.length === 1} />
      ))}
      <List />
    </fieldset>
  );
}

function Shown({ method, isLast }: { method: Method; isLast: boolean }) {
  return (
    <button
      type="button"
      class={`button method ${method}`}
      title={isLast ? aboutOf(method) : `Hide ${nameOf(method)}`}
      disabled={isLast}
      onClick={() => toggleMethod(method)}
    >
      <i class="dot" />
      {nameOf(method)}
      {!isLast && <CrossIcon />}
    </button>
  );
}

/** Every method with what it does; those that the run lacks something for say what. */
function List() {
  const list = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (list.current?.open && !list.current.contains(target as Node)) list.current.open = false;
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('focusin', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('focusin', close);
    };
  }, []);
  return (
    <details
      ref={list}
      class="picker"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !list.current?.open) return;
        list.current.open = false;
        list.current.querySelector('summary')?.focus();
      }}
    >
      <summary class="button" title="Choose methods (M)">
        Methods
      </summary>
      <div class="list">
        <div class="groups">
          {GROUPS.map(({ title, methods: group }) => (
            <section key={title}>
              <h3>{title}</h3>
              {group.map((method) => (
                <Choice key={method} method={method} />
              ))}
            </section>
          ))}
        </div>
      </div>
    </details>
  );
}

function Choice({ method }: { method: Method }) {
  const reason = missing.value.get(method);
  const on = methods.value.includes(method);
  const isOnly = on && methods.value.length === 1;
  return (
    <label class={`choice ${method}`} aria-disabled={reason !== undefined && !on}>
      <input
        type="checkbox"
        name={method}
        checked={on}
        disabled={isOnly || (reason !== undefined && !on)}
        onChange={() => toggleMethod(method)}
      />
      <span>
        <b>
          <i class="dot" />
          {nameOf(method)}
          {info.value?.method === method && <em title={whyAuto(info.value)}>auto</em>}
        </b>
        <small>{reason === undefined ? aboutOf(method) : `Not here: ${reason}`}</small>
      </span>
    </label>
  );
}
