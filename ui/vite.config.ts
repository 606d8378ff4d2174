import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Three pages: explorer and dashboard, each of which its server gives out at `/`, and the labelling of `r4t label`. */
export default defineConfig({
  root: path('.'),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: path('../dist/ui'),
    emptyOutDir: true,
    // The first browsers with light-dark(), of late 2023 to early 2024.
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    rolldownOptions: { input: [path('index.html'), path('label.html'), path('dashboard.html')] },
  },
});
