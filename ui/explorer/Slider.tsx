/** A number to be chosen by sight, and the way back to its default. */

interface SliderProps {
  readonly name: string;
  readonly label: string;
  /** Where the knob is. */
  readonly value: number;
  /** What is written for it. */
  readonly text: string;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly title?: string;
  readonly disabled?: boolean;
  readonly onChange: (value: number) => void;
  /** Given where it is not at its default. */
  readonly onReset?: () => void;
}

export function Slider({ name, label, value, text, min, max, step = 1, title, ...rest }: SliderProps) {
  const { disabled = false, onChange, onReset } = rest;
  const filled = (100 * (value - min)) / Math.max(step, max - min);
  return (
    <div class="slider" aria-disabled={disabled} title={title}>
      <span>
        <label for={`slider-${name}`}>{label}</label>
        <b class="num">{text}</b>
        {onReset && !disabled && (
          <button type="button" title="Back to the default" aria-label={`Reset ${label}`} onClick={onReset}>
            ↺
          </button>
        )}
      </span>
      <input
        id={`slider-${name}`}
        class="range"
        type="range"
        name={name}
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={disabled}
        style={{ '--filled': `${Math.min(100, Math.max(0, filled))}%` }}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </div>
  );
}
