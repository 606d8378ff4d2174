/** Writes what integrations/python/test/check_loss.py compares TRL's trainer with: `npx jiti bench/softGrpoLoss.ts`. */
import { writeJson } from '../src/files.js';
import { lossNumbers } from '../src/train/testing/lossNumbers.js';

await writeJson('integrations/python/test/fixtures/soft_grpo_loss.json', await lossNumbers());
