"""Soft-GRPO of a LoRA adapter by TRL on one node, as `r4t train` writes it into a job: job.json, train.jsonl and perhaps an adapter to begin with."""
import json
import os

import datasets
import peft
import torch
import transformers
import trl

from r4t_reward import reward
from send_adapter import send_adapter
from soft_grpo_trainer import SoftGRPOTrainer

job = json.load(open("job.json"))
# Where there is a folder that outlives the job, one that was stopped goes on at its last checkpoint.
output = os.path.join(os.environ.get("R4T_STORAGE", "."), os.environ["R4T_JOB"])
os.makedirs(output, exist_ok=True)
cuda = torch.cuda.is_available()
processes = int(os.environ.get("WORLD_SIZE", 1))
tokenizer = transformers.AutoTokenizer.from_pretrained(job["model"])
if tokenizer.pad_token is None:
    tokenizer.pad_token = tokenizer.eos_token
data = datasets.load_dataset("json", data_files="train.jsonl", split="train")
if tokenizer.chat_template is None:
    data = data.map(lambda row: {"prompt": "\n\n".join(m["content"] for m in row["prompt"]) + "\n"})
model = transformers.AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.bfloat16 if cuda else torch.float32)
lora = peft.LoraConfig(
    task_type="CAUSAL_LM", r=job["lora"]["rank"], lora_alpha=job["lora"]["alpha"], target_modules=job["lora"]["targets"], lora_dropout=0.0
)
if os.path.isdir("adapter"):
    model = peft.PeftModel.from_pretrained(model, "adapter", is_trainable=True)
    lora = None
trainer = SoftGRPOTrainer(
    model=model, reward_funcs=[reward], train_dataset=data, processing_class=tokenizer, peft_config=lora,
    clip=job["clip"], kl_old=job["klOld"], kl_reverse=job["klReverse"],
    args=trl.GRPOConfig(
        output_dir=output, max_steps=job["steps"], seed=job["seed"], report_to=[], logging_steps=1, save_steps=max(1, job["steps"] // 8),
        # One optimiser step is `queriesPerStep` queries with `groupSize` completions each, as in r4t.
        num_generations=job["groupSize"], per_device_train_batch_size=job["groupSize"],
        gradient_accumulation_steps=max(1, job["queriesPerStep"] // processes), num_iterations=job["epochs"],
        max_completion_length=job["maxCompletionLength"], temperature=1.0, beta=0.0, chat_template_kwargs={"enable_thinking": False},
        learning_rate=job["learningRate"], lr_scheduler_type="cosine_with_min_lr", lr_scheduler_kwargs={"min_lr_rate": 0.1}, warmup_steps=5,
        adam_beta1=0.9, adam_beta2=0.95, weight_decay=0.0, max_grad_norm=1.0, bf16=cuda, use_cpu=not cuda, gradient_checkpointing=cuda,
    ),
)
trainer.train(resume_from_checkpoint=transformers.trainer_utils.get_last_checkpoint(output))
trainer.save_model("trained")
if trainer.accelerator.is_main_process:
    send_adapter("trained", os.environ["R4T_JOB"])
