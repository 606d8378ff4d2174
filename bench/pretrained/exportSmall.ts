/** Writes a small random model of each architecture, an adapter of it and the two merged; loadExports.py reads them. */
import { join } from 'node:path';
import type { StoredTensor } from '../../src/engine/index.js';
import { writeJson } from '../../src/files.js';
import { withAdapter, writeAdapter, writeSafetensorsModel } from '../../src/policy/pretrained/files/index.js';
import { tinyModel } from '../../src/policy/pretrained/files/testing/tinyModel.js';
import { LORA_TARGETS, loraNames } from '../../src/policy/pretrained/lora.js';
import { ARCHITECTURES } from '../../src/policy/pretrained/settings.js';
import { CounterRandom } from '../../src/random.js';

const [out] = process.argv.slice(2);
if (!out) throw new Error('give a folder to write to');
const lora = { rank: 4, alpha: 8, targets: LORA_TARGETS };

for (const architecture of ARCHITECTURES) {
  const folder = join(out, architecture);
  const model = tinyModel(architecture);
  const { weights, tokenizer } = model;
  const tensors: Record<string, StoredTensor> = {};
  const random = (name: string, rows: number, columns: number) => {
    const data = new CounterRandom(3, name).fillNormal(new Float32Array(rows * columns), 0.2);
    tensors[name] = { shape: [rows, columns], data };
  };
  for (const name of weights.names) {
    if (!lora.targets.some((target) => name.endsWith(`.${target}.weight`))) continue;
    const [rows = 0, columns = 0] = weights.shape(name);
    random(loraNames(name).A, lora.rank, columns);
    random(loraNames(name).B, rows, lora.rank);
  }
  await writeSafetensorsModel(join(folder, 'base'), model);
  await writeAdapter(join(folder, 'adapter'), { lora, tensors, baseModel: join(folder, 'base') });
  const merged = withAdapter({ ...weights, close: async () => {} }, { lora, tensors });
  await writeSafetensorsModel(join(folder, 'merged'), { ...model, weights: merged });
  await writeJson(join(folder, 'tokens.json'), {
    text: [...tokenizer.encode('the theatre, tea\n')],
    chat: [...tokenizer.chat([{ role: 'user', content: 'the tea' }])],
  });
}
