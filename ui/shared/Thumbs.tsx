/** Thumbs up and down, and how many items are on topic. */
import type { Verdict } from '../../src/labels/judgment.js';
import { ThumbIcon } from './icons.tsx';
import { unkept } from './labels.ts';
import './thumbs.css';

interface ThumbsProps {
  readonly verdict: Verdict;
  /** What is judged, for those who do not see it. */
  readonly what: string;
  readonly titles: { readonly up: string; readonly down: string };
  /** Whether they are reached by Tab; items have keys of their own. */
  readonly tab?: boolean;
  readonly onSay: (verdict: 'up' | 'down') => void;
}

export function Thumbs({ verdict, what, titles, tab = true, onSay }: ThumbsProps) {
  return (
    <span class="thumbs">
      {(['up', 'down'] as const).map((side) => (
        <button
          key={side}
          type="button"
          class={side}
          tabIndex={tab ? undefined : -1}
          aria-pressed={verdict === side}
          aria-label={`${side === 'up' ? 'On topic' : 'Not on topic'}: ${what}`}
          title={titles[side]}
          onClick={() => onSay(side)}
        >
          <ThumbIcon />
        </button>
      ))}
    </span>
  );
}

/** Of these items, in their order: how many are marked on topic, each as a small square. */
export function OnTopic({ verdicts }: { verdicts: readonly Verdict[] }) {
  const count = (side: Verdict) => verdicts.filter((verdict) => verdict === side).length;
  const [up, down] = [count('up'), count('down')];
  const title = `You marked ${up} of ${verdicts.length} on topic, ${down} not`;
  return (
    <span class="on-topic" title={title}>
      {/* Nobody has said that none is. */}
      {up + down === 0 ? (
        <span>Nothing marked yet</span>
      ) : (
        <span>
          On topic: <b class="num">{up}</b> of <span class="num">{verdicts.length}</span>
        </span>
      )}
      <span class="pips" aria-hidden="true">
        {verdicts.map((verdict, i) => (
          <i key={i} class={verdict} />
        ))}
      </span>
    </span>
  );
}

/** Why the last judgment was not kept. */
export function Unkept() {
  const error = unkept.value;
  if (!error) return null;
  return (
    <p class="notice bad" role="alert">
      <b>Not kept:</b> {error.message}
      <button
        type="button"
        class="button"
        onClick={() => {
          unkept.value = undefined;
        }}
      >
        Close
      </button>
    </p>
  );
}
