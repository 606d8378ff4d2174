/** What both pages have at their top: the name, facts, and the choice of light or dark. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { CopyIcon, MoonIcon, SunIcon } from './icons.tsx';

type Theme = 'light' | 'dark';
const KEY = 'r4t-theme';

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const stored = localStorage.getItem(KEY);
const chosen = signal<Theme | undefined>(stored === 'light' || stored === 'dark' ? stored : undefined);
const system = signal<Theme>(dark.matches ? 'dark' : 'light');
dark.addEventListener('change', ({ matches }) => {
  system.value = matches ? 'dark' : 'light';
});

/** The theme in force; read it in an effect that draws on a canvas. */
export const theme = (): Theme => chosen.value ?? system.value;

function choose(next: Theme): void {
  // Back to what the system says, where that is the same, so that it is followed again.
  chosen.value = next === system.value ? undefined : next;
  if (chosen.value) localStorage.setItem(KEY, chosen.value);
  else localStorage.removeItem(KEY);
  applyTheme();
}

export function applyTheme(): void {
  if (chosen.value) document.documentElement.dataset.theme = chosen.value;
  else delete document.documentElement.dataset.theme;
}

interface TopProps {
  readonly title: string;
  readonly about: string;
  readonly children?: ComponentChildren;
}

export function Top({ title, about, children }: TopProps) {
  const next = theme() === 'dark' ? 'light' : 'dark';
  return (
    <header class="top">
      <h1 class="brand">
        <svg viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
          <rect width="7" height="7" rx="2" />
          <rect x="9" width="7" height="7" rx="2" opacity=".55" />
          <rect y="9" width="7" height="7" rx="2" opacity=".55" />
          <circle cx="12.5" cy="12.5" r="3.5" />
        </svg>
        {title}
      </h1>
      <p class="about">{about}</p>
      <div class="actions">
        {children}
        <button
          type="button"
          class="button square"
          aria-label={`Change to ${next}`}
          title={`Change to ${next}`}
          onClick={() => choose(next)}
        >
          {next === 'dark' ? <MoonIcon /> : <SunIcon />}
        </button>
      </div>
    </header>
  );
}

const copied = signal(false);

/** Copies the page's address, which holds everything that is shown. */
export function ShareButton() {
  const copy = async () => {
    await navigator.clipboard.writeText(window.location.href).catch(() => {});
    copied.value = true;
    setTimeout(() => {
      copied.value = false;
    }, 1500);
  };
  return (
    <button type="button" class="button share" onClick={copy} title="Copy the link to this view">
      <CopyIcon />
      <span aria-live="polite">{copied.value ? 'Copied' : 'Share'}</span>
    </button>
  );
}
