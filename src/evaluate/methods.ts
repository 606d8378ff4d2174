/** Every compared method as one function from queries to sets: the table that searches use, with every model a run has. */
import type { PlacedMethod } from '../choose/tune.js';
import { ABLATIONS, ablationFolder } from '../compile/ablations.js';
import { loadDiffusion } from '../diffusion/modelFiles.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { retrieveFanOuts } from '../policy/fanOut.js';
import { isPolicyGiven } from '../policy/ownPolicy.js';
import type { Completion, Policy } from '../policy/policy.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { loadAdapter } from '../policy/pretrained/pretrainedFiles.js';
import { PretrainedPolicy } from '../policy/pretrained/pretrainedPolicy.js';
import { RecordedPolicy } from '../policy/written/recordedPolicy.js';
import { missingPart } from '../retrieve/findSets.js';
import { loadRunPolicy } from '../retrieve/loadRun.js';
import type { MethodSpace } from '../retrieve/method.js';
import { METHOD_NAMES, type Method } from '../retrieve/methodNames.js';
import { scoreFanOuts } from '../reward/evaluateReward.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Config } from '../run/config.js';
import type { RunFolder } from '../run/runFolder.js';
import type { MethodName } from './results.js';

/** Samples of Best-of-N, as in the paper. */
const BEST_OF = 5;

export interface EvaluatedMethodsOptions {
  readonly run: RunFolder;
  readonly config: Config;
  /** Queries that every method is asked. */
  readonly queries: readonly string[];
  readonly space: MethodSpace;
  /** What Best-of-N chooses by; must not read references. */
  readonly reward: RewardFunction;
  readonly runtime: RuntimeOptions;
}

/** Every method that the run can answer by, made when its turn comes. */
export async function evaluatedMethods({
  run,
  config,
  queries,
  space,
  reward,
  runtime,
}: EvaluatedMethodsOptions): Promise<Map<MethodName, () => Promise<PlacedMethod>>> {
  const methods = new Map<MethodName, () => Promise<PlacedMethod>>();
  const add = (method: Method) => {
    if (missingPart(space, method) === undefined) methods.set(method, async () => ({ method, space }));
  };
  for (const name of METHOD_NAMES) if (name !== 'folm' && name !== 'diffusion') add(name);
  const { policy } = space;
  if (policy && isPolicyGiven(run)) {
    const best = bestOf(policy, { samples: BEST_OF, reward, world: space });
    const known = queries.every((query) => policy.knows?.(query) ?? true);
    if (isLanguageModel(config) && known) methods.set('zeroShot', async () => ({ method: 'folm', space }));
    // Of a single recorded fan-out the best is no choice.
    const single = policy instanceof RecordedPolicy && queries.some((query) => policy.samplesOf(query) < 2);
    if (known && !single)
      methods.set('bestOfN', async () => ({ method: 'folm', space: { ...space, policy: best } }));
  } else if (policy && run.stageDone('warm-start')) {
    const tuned = policy instanceof PretrainedPolicy ? policy : undefined;
    if (tuned)
      methods.set('zeroShot', async () => ({
        method: 'folm',
        space: { ...space, policy: tuned.withAdapter() },
      }));
    const untrained = async () =>
      tuned
        ? tuned.withAdapter(await loadAdapter(run.path(...POLICY_FILES.untrained), tuned.parameters))
        : loadRunPolicy(run, 'untrained', space, runtime);
    methods.set('untrained', async () => ({
      method: 'folm',
      space: { ...space, policy: await untrained() },
    }));
    methods.set('bestOfN', async () => ({
      method: 'folm',
      space: {
        ...space,
        policy: bestOf(await untrained(), { samples: BEST_OF, reward, world: space }),
        // The likeliest set, five times, would be no choice.
        temperature: 1,
      },
    }));
  }
  if (!isLanguageModel(config)) add('folm');
  add('diffusion');
  for (const ablation of ABLATIONS) {
    const folder = await ablationFolder(run, ablation);
    if (!folder) continue;
    methods.set(ablation, async () => ({
      method: 'diffusion',
      space: { ...space, diffusion: await loadDiffusion(folder, runtime) },
    }));
  }
  return methods;
}

/** Whether the policy is a language model that nothing has tuned: what it writes is a row of its own, and not FOLM's. */
export const isLanguageModel = ({ policy }: Pick<Config, 'policy'>): boolean =>
  policy.kind === 'chat' || policy.kind === 'gguf' || policy.kind === 'recorded';

/** The method by which searches answer as the row does; undefined for rows that nobody can search by. */
export function servedAs(name: MethodName, config: Pick<Config, 'policy'>): Method | undefined {
  if (name === 'zeroShot')
    return config.policy.kind === 'chat' || config.policy.kind === 'gguf' ? 'folm' : undefined;
  return METHOD_NAMES.find((known) => known === name);
}

/** A policy that writes several fan-outs a query and keeps the one that the reward likes best. */
export function bestOf(
  policy: Policy,
  {
    samples,
    reward,
    world,
  }: { readonly samples: number; readonly reward: RewardFunction; readonly world: RetrievalWorld },
): Policy {
  return {
    k: policy.k,
    async sample(options) {
      const completions = await policy.sample({ ...options, samplesPerQuery: samples });
      const queries: QueryBatch = { texts: options.queries, vectors: options.vectors };
      const fanOuts = await retrieveFanOuts(completions, queries, world, { signal: options.signal });
      const { rewards } = scoreFanOuts(fanOuts, reward);
      return options.queries.map((_, q): Completion => {
        let best = q * samples;
        for (let i = best + 1; i < (q + 1) * samples; i++) if (rewards[i] > rewards[best]) best = i;
        const group = completions.slice(q * samples, (q + 1) * samples);
        // Whoever wants the best of them has waited for all.
        const ms = group.reduce<number | undefined>(
          (sum, one) => (sum !== undefined && one.ms !== undefined ? sum + one.ms : undefined),
          0,
        );
        return { ...completions[best], ...(ms !== undefined && { ms }) };
      });
    },
  };
}
