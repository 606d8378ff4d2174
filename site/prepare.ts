/** Brings the pages of `docs/` to where the site is built from. */
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

rmSync(path('pages'), { recursive: true, force: true });
cpSync(path('../docs'), path('pages'), { recursive: true });
cpSync(path('index.md'), path('pages/index.md'));
