"""Compares soft_grpo_trainer.py's loss and gradient with r4t's engine's on the same numbers, and prints the largest differences."""
import json
import pathlib
import sys

import torch

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent))
from soft_grpo_trainer import soft_grpo_loss  # noqa: E402

numbers = json.loads((here / "fixtures" / "soft_grpo_loss.json").read_text())
log_probs = torch.tensor(numbers["logProbs"], requires_grad=True)
c = numbers["coefficients"]
loss = soft_grpo_loss(
    log_probs, torch.tensor(numbers["oldLogProbs"]), torch.tensor(numbers["advantages"]).unsqueeze(1),
    torch.tensor(numbers["mask"]), clip=c["clip"], kl_old=c["klOld"], kl_reverse=c["klReverse"],
)
loss.backward()
gradient = torch.tensor(numbers["gradient"])
print(json.dumps({
    "loss": abs(loss.item() - numbers["loss"]),
    "gradient": (log_probs.grad - gradient).abs().max().item(),
    "largestGradient": gradient.abs().max().item(),
}))
