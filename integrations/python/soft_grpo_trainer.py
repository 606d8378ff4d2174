"""Soft-GRPO (docs/paper.md, Soft-GRPO) as a trainer of TRL: its GRPOTrainer with the loss of r4t's own engine. Made for TRL 1.16."""
import torch
from trl import GRPOTrainer


def soft_grpo_loss(log_probs, old_log_probs, advantages, mask, clip=0.2, kl_old=0.05, kl_reverse=0.05):
    """-min(rho A, clip(rho) A) + b1 rho (ln pi - ln pi_old) - b2 ln pi, averaged over the tokens whose mask is 1; all [completions, tokens]."""
    log_ratio = (log_probs - old_log_probs) * mask
    ratio = log_ratio.exp()
    surrogate = torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    loss = kl_old * ratio * log_ratio - kl_reverse * log_probs - surrogate
    return (loss * mask).sum() / mask.sum().clamp(min=1.0)


class SoftGRPOTrainer(GRPOTrainer):
    """
    One advantage a completion, as in the paper: its reward, standardised in its group. `clip`, `kl_old` (b1) and `kl_reverse` (b2) are
    those of r4t's `policy` settings; `beta`, `epsilon` and `loss_type` of GRPOConfig are not looked at.
    """

    def __init__(self, *args, clip=0.2, kl_old=0.05, kl_reverse=0.05, **kwargs):
        super().__init__(*args, **kwargs)
        self.coefficients = {"clip": clip, "kl_old": kl_old, "kl_reverse": kl_reverse}

    def _compute_loss(self, model, inputs):
        ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1)
        attended = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], dim=1)
        mask = inputs["completion_mask"]
        log_probs, entropies, *_ = self._get_per_token_logps_and_entropies(
            model, ids, attended, mask.size(1), compute_entropy=True
        )
        old = inputs.get("old_per_token_logps")
        old = log_probs.detach() if old is None else old
        advantages = inputs["advantages"].unsqueeze(1)
        if self.scale_rewards == "group" and self.model.training:
            # TRL divides by the deviation of a sample (n - 1), the paper's formula by that of the group (n).
            advantages = advantages * (self.num_generations / (self.num_generations - 1)) ** 0.5
        loss = soft_grpo_loss(log_probs, old, advantages, mask, **self.coefficients)
        mode = "train" if self.model.training else "eval"
        with torch.no_grad():
            log_ratio = log_probs - old
            kl = ((log_ratio.exp() - 1 - log_ratio) * mask).sum() / mask.sum().clamp(min=1.0)
            entropy = (entropies * mask).sum() / mask.sum().clamp(min=1.0)
            self._metrics[mode]["kl"].append(self.accelerator.gather(kl).mean().item())
            self._metrics[mode]["entropy"].append(self.accelerator.gather(entropy).mean().item())
        return loss / (self.current_gradient_accumulation_steps if mode == "train" else 1.0)
