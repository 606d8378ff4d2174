/** The end: how the two methods did by these labels, and what to do with them. */
import { useState } from 'preact/hooks';
import { onTopic } from '../../src/labels/labels.js';
import type { MethodSummary } from '../../src/labels/summary.js';
import { nameOf } from '../explorer/methods.ts';
import { CopyIcon } from '../shared/icons.tsx';
import { labels, summary, task } from '../shared/labels.ts';
import { done, go } from './state.ts';

export function Summary() {
  const { queries, methods, next } = task.value!;
  const rows = summary.value.filter(({ method }) => methods.includes(method));
  const hasSets = Array.from(labels.value.values()).some((said) => onTopic(said).length > 0);
  const open = queries.length - done.value;
  return (
    <section class="summary">
      <h2>{open === 0 ? 'All queries are done' : `${done.value} of ${queries.length} queries are done`}</h2>
      {rows.length > 0 ? <Table rows={rows} /> : <p class="muted">No sets are compared yet.</p>}
      <p class="muted small">
        Precision is the share of the judged items that are on topic; items that nobody judged count neither
        way.
      </p>
      {hasSets && <Command text={next} />}
      {open > 0 && (
        <button type="button" class="button" onClick={() => go(0)}>
          Back to the queries
        </button>
      )}
    </section>
  );
}

const COLUMNS: readonly (readonly [string, (row: MethodSummary) => string])[] = [
  ['Precision', ({ precision }) => (precision === undefined ? '–' : precision.toFixed(3))],
  ['On topic', ({ up }) => String(up)],
  ['Judged', ({ judged, shown }) => `${judged} of ${shown}`],
  ['Better', ({ won }) => String(won)],
  ['Worse', ({ lost }) => String(lost)],
  ['Equal', ({ equal }) => String(equal)],
];

function Table({ rows }: { rows: readonly MethodSummary[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Method</th>
            {COLUMNS.map(([name]) => (
              <th key={name} scope="col" class="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.method} data-method={row.method}>
              <th scope="row">{nameOf(row.method)}</th>
              {COLUMNS.map(([name, text]) => (
                <td key={name} class="num">
                  {text(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Command({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <div class="command">
      <p>Ctrl-C in the terminal ends the labelling. Compile a run from these labels:</p>
      <pre>
        <code>{text}</code>
      </pre>
      <button
        type="button"
        class="button"
        onClick={() =>
          void navigator.clipboard.writeText(text).then(
            () => setCopied(true),
            () => {},
          )
        }
      >
        <CopyIcon /> <span aria-live="polite">{isCopied ? 'Copied' : 'Copy'}</span>
      </button>
    </div>
  );
}
