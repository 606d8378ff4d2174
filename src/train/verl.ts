/** The same training as a configuration of verl, for several nodes. */
import type { LoraSettings } from '../policy/pretrained/lora.js';
import type { JobPlace } from './job.js';

export interface VerlSettings {
  readonly model: string;
  readonly lora: LoraSettings;
  readonly steps: number;
  readonly queriesPerStep: number;
  readonly groupSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly clip: number;
  readonly seed: number;
  readonly maxCompletionLength: number;
}

/**
 * A shell script that runs verl's own GRPO: the clipped loss of Soft-GRPO, averaged over tokens, without its two penalties, which verl
 * has no setting for. Checkpoints lie in R4T_STORAGE, a folder that all nodes share.
 */
export function verlScript(settings: VerlSettings, { nodes, gpus }: JobPlace, hasAdapter: boolean): string {
  const { model, lora, steps, queriesPerStep, groupSize, epochs, learningRate, clip, seed } = settings;
  const overrides = {
    'algorithm.adv_estimator': 'grpo',
    'data.train_files': 'train.jsonl',
    'data.val_files': 'train.jsonl',
    'data.train_batch_size': queriesPerStep,
    'data.max_response_length': settings.maxCompletionLength,
    'data.seed': seed,
    'actor_rollout_ref.model.path': model,
    'actor_rollout_ref.model.lora_rank': lora.rank,
    'actor_rollout_ref.model.lora_alpha': lora.alpha,
    'actor_rollout_ref.model.target_modules': `[${lora.targets.join(',')}]`,
    ...(hasAdapter && { 'actor_rollout_ref.model.lora_adapter_path': 'adapter' }),
    'actor_rollout_ref.actor.optim.lr': learningRate,
    'actor_rollout_ref.actor.ppo_mini_batch_size': queriesPerStep,
    'actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu': groupSize,
    'actor_rollout_ref.actor.ppo_epochs': epochs,
    'actor_rollout_ref.actor.clip_ratio': clip,
    'actor_rollout_ref.actor.clip_ratio_low': clip,
    'actor_rollout_ref.actor.clip_ratio_high': clip,
    'actor_rollout_ref.actor.loss_agg_mode': 'token-mean',
    'actor_rollout_ref.actor.use_kl_loss': 'False',
    'actor_rollout_ref.rollout.name': 'vllm',
    'actor_rollout_ref.rollout.n': groupSize,
    'actor_rollout_ref.rollout.temperature': '1.0',
    'actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu': groupSize,
    'actor_rollout_ref.rollout.load_format': 'safetensors',
    'reward.custom_reward_function.path': 'r4t_reward.py',
    'reward.custom_reward_function.name': 'compute_score',
    'trainer.nnodes': nodes,
    'trainer.n_gpus_per_node': gpus,
    // Enough, however few queries there are: the steps end it.
    'trainer.total_epochs': steps,
    'trainer.total_training_steps': steps,
    'trainer.save_freq': steps,
    'trainer.test_freq': -1,
    'trainer.val_before_train': 'False',
    'trainer.logger': '[console]',
    'trainer.project_name': 'r4t',
    'trainer.default_local_dir': '$R4T_STORAGE/$R4T_JOB',
  };
  const lines = Object.entries(overrides).map(([name, value]) => `  "${name}=${value}"`);
  return [
    '# Written by r4t train: verl on several nodes.',
    'set -euo pipefail',
    'test -n "$R4T_STORAGE"',
    'python3 -m verl.trainer.main_ppo \\',
    lines.join(' \\\n'),
    `last="$R4T_STORAGE/$R4T_JOB/global_step_${steps}/actor"`,
    'python3 -m verl.model_merger merge --backend fsdp --local_dir "$last" --target_dir "$last/merged"',
    'python3 send_adapter.py "$last/merged/lora_adapter" "$R4T_JOB"',
    '',
  ].join('\n');
}
