/** `npm run kernels`: compiles src/engine/updates.wat into src/engine/updatesModule.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const source = new URL('../src/engine/updates.wat', import.meta.url);
const target = new URL('../src/engine/updatesModule.ts', import.meta.url);

/** What the text format says, as base64. */
export async function compiled(): Promise<string> {
  const module = (await wabt()).parseWat('updates.wat', readFileSync(source, 'utf8'), { simd: true });
  const { buffer } = module.toBinary({});
  module.destroy();
  return Buffer.from(buffer).toString('base64');
}

if (process.argv[1]?.endsWith('kernels.ts')) {
  const text = await compiled();
  const lines = text.match(/.{1,100}/g)!.map((part) => `  '${part}'`);
  writeFileSync(
    target,
    `/** updates.wat in WebAssembly's binary format, as base64; made by \`npm run kernels\`. */\nexport const UPDATES =\n${lines.join(' +\n')};\n`,
  );
}
