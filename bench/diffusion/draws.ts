/**
 * What one draw of a set diffusion that draws directions (preset `paper`) loses: the validation queries' sets of several draws, one by one,
 * and the items that most of these draws have, beside the policy that taught it.
 *
 *     npx jiti bench/diffusion/draws.ts runs/paper     # [--steps 4] [--draws 8] [--threads 2]
 *
 * alpha-nDCG@k and P@k, means over up to 200 validation queries; of single draws the mean of all.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { mean } from '../../src/averages.js';
import { type SetQuality, type ShownSet, setQuality } from '../../src/choose/setQuality.js';
import { formatTable } from '../../src/evaluate/table.js';
import { findSets } from '../../src/retrieve/findSets.js';
import { loadRun } from '../../src/retrieve/loadRun.js';

const { values, positionals } = parseArgs({
  options: {
    steps: { type: 'string', default: '4' },
    draws: { type: 'string', default: '8' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
  allowPositionals: true,
});
const [steps, draws, threads] = [values.steps, values.draws, values.threads].map(Number);
const [folder] = positionals;
if (!folder) throw new Error('usage: npx jiti bench/diffusion/draws.ts <run folder>');

const { config, workspace, space, release } = await loadRun(folder, {
  threads,
  methods: ['folm', 'diffusion'],
});
const { k } = config;
const reward = () => {
  throw new Error('the validation queries have no reference sets');
};
const quality = await setQuality({ workspace, config, reward });
if (!quality?.precisionOf) throw new Error('the validation queries have no reference sets');

const taught = await findSets(space, 'folm', quality.queries, { k });
const drawn: ShownSet[][] = [];
for (let seed = 0; seed < draws; seed++)
  drawn.push(await findSets(space, 'diffusion', quality.queries, { k, steps, seed }));
const voted = quality.queries.texts.map((_, q) => commonest(drawn.map((sets) => sets[q])));
const ofDraws = await Promise.all(drawn.map((sets) => figures(quality, sets)));

console.log(`${quality.queries.texts.length} validation queries, ${steps} steps`);
console.log(
  formatTable(
    [
      { name: 'FOLM', figures: await figures(quality, taught) },
      { name: 'one draw', figures: [0, 1].map((i) => mean(ofDraws.map((of) => of[i]))) },
      { name: `vote of ${draws} draws`, figures: await figures(quality, voted) },
    ],
    [
      { title: 'sets', value: ({ name }) => name },
      { title: `alpha-nDCG@${k}`, value: ({ figures: [alphaNdcg] }) => alphaNdcg },
      { title: `P@${k}`, value: ({ figures: [, precision] }) => precision },
    ],
  ),
);
await release();

/** Means of alpha-nDCG@k and P@k. */
async function figures(by: SetQuality, sets: readonly ShownSet[]): Promise<number[]> {
  return [mean(await by.of(sets)), mean(by.precisionOf!(sets))];
}

/** The k items that most sets have, and of these the ones that come first in them. */
function commonest(sets: readonly ShownSet[]): ShownSet {
  const votes = new Map<number, number>();
  for (const { assigned } of sets)
    assigned.forEach(({ item }, rank) => {
      votes.set(item, (votes.get(item) ?? 0) + 1 - rank / (k * sets.length + 1));
    });
  const ranked = [...votes].sort(([, a], [, b]) => b - a);
  return { assigned: ranked.slice(0, k).map(([item]) => ({ item })) };
}
