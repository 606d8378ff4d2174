"""Three steps of TRL's own GRPOTrainer against a reward service: `python trl_steps.py <model folder> <train.jsonl> <file for what was rewarded>`."""
import json
import pathlib
import sys

import datasets
import transformers
import trl

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import r4t_reward  # noqa: E402

model, data, out = sys.argv[1:]
seen = []


def reward(prompts, completions, query, **rest):
    found = r4t_reward.reward(prompts, completions, query, **rest)
    seen.extend({"query": q, "completion": r4t_reward.text(c), "reward": r} for q, c, r in zip(query, completions, found))
    return found


trainer = trl.GRPOTrainer(
    model=model, reward_funcs=[reward], train_dataset=datasets.load_dataset("json", data_files=data, split="train"),
    args=trl.GRPOConfig(
        output_dir=str(pathlib.Path(out).parent / "trl"), max_steps=3, logging_steps=1, num_generations=4, per_device_train_batch_size=8,
        max_completion_length=40, use_cpu=True, bf16=False, report_to=[], save_strategy="no", learning_rate=1e-3, seed=1,
    ),
)
trainer.train()
solo = [r4t_reward.compute_score("r4t", one["completion"], one["query"], {}) for one in seen[:4]]
steps = [entry["reward"] for entry in trainer.state.log_history if "reward" in entry]
pathlib.Path(out).write_text(json.dumps({"seen": seen, "solo": solo, "stepRewards": steps}))
