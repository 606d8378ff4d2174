/**
 * The sources as JavaScript in `.compiled`, for what tests start as a process or a thread of its own: from TypeScript each start would
 * take seconds.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** As deep as `src`, from where files beside it are found the same way. */
export const COMPILED = fileURLToPath(new URL('../../.compiled/', import.meta.url));

/** Vitest's `globalSetup`. Types are checked elsewhere. */
export default function compile(): void {
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
  const options = ['-p', 'tsconfig.build.json', '--noCheck', '--declaration', 'false', '--outDir', COMPILED];
  execFileSync(process.execPath, [tsc, ...options], { cwd: ROOT, stdio: 'inherit' });
}
