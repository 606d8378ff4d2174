import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const SunIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M3 13l1.1-1.1M11.9 4.1 13 3" />
  </Icon>
);
export const MoonIcon = () => (
  <Icon>
    <path d="M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z" />
  </Icon>
);
export const CopyIcon = () => (
  <Icon>
    <path d="M6.6 9.4a2.6 2.6 0 0 0 3.7 0l2.6-2.6a2.6 2.6 0 0 0-3.7-3.7L8 4.3" />
    <path d="M9.4 6.6a2.6 2.6 0 0 0-3.7 0L3.1 9.2a2.6 2.6 0 0 0 3.7 3.7L8 11.7" />
  </Icon>
);
export const SearchIcon = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.5" />
    <path d="m10.5 10.5 3.5 3.5" />
  </Icon>
);
export const ShuffleIcon = () => (
  <Icon>
    <path d="M2 4.5h2.2c1 0 1.9.5 2.5 1.3l2.6 4.4c.5.8 1.4 1.3 2.4 1.3H14M2 11.5h2.2c1 0 1.9-.5 2.5-1.3M9.3 5.8c.5-.8 1.4-1.3 2.4-1.3H14M12 2.5l2 2-2 2M12 9.5l2 2-2 2" />
  </Icon>
);
export const CrossIcon = () => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);
export const ThumbIcon = () => (
  <Icon>
    <path d="M5 7.2v6.3H2.5V7.2H5Zm0 0 2.4-4.9c1.2 0 1.9.9 1.7 2.1l-.4 1.9h3.4c1 0 1.7.9 1.4 1.9l-1.1 4c-.2.8-.8 1.3-1.6 1.3H5" />
  </Icon>
);
export const KeyboardIcon = () => (
  <Icon>
    <rect x="1.5" y="4" width="13" height="8.5" rx="1.5" />
    <path d="M4 6.8h.01M6.7 6.8h.01M9.3 6.8h.01M12 6.8h.01M4.8 9.8h6.4" />
  </Icon>
);
