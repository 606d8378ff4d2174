/**
 * Fills `packages/wasm/dist` with the three files of onnxruntime-web that run models on a CPU in Node.js; part of `npm run build`.
 *
 *   npx jiti scripts/wasmRuntime.ts
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILES = ['ort.node.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

const from = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
const to = fileURLToPath(new URL('../packages/wasm/dist', import.meta.url));
await mkdir(to, { recursive: true });
await Promise.all(FILES.map((file) => copyFile(join(from, file), join(to, file))));
