"""
Writes what transformers, peft and TRL compute with small models, as fixtures of our tests:

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install torch transformers peft trl
    /tmp/venv/bin/python bench/pretrained/fixtures.py

Weights are a formula of tensor and index (see `fill`), so that the fixtures hold results alone.
"""
import json
from pathlib import Path

import numpy as np
import peft
import torch
import transformers

FOLDER = Path(__file__).parents[2] / "src/policy/pretrained/testing/fixtures"
TOKENS = [[5, 31, 7, 2, 19, 23, 11, 3, 38, 14, 0, 26], [17, 4, 4, 29, 35, 8, 1, 12, 9, 33, 21, 6]]
LORA = {"rank": 3, "alpha": 6, "targets": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]}


def noise(seed, n):
    """Numbers in [-1, 1) by MurmurHash3's finaliser of index and seed."""
    x = (np.arange(n, dtype=np.uint64) + seed * 0x9E3779B9) & 0xFFFFFFFF
    x ^= x >> 16
    x = x * 0x85EBCA6B & 0xFFFFFFFF
    x ^= x >> 13
    x = x * 0xC2B2AE35 & 0xFFFFFFFF
    x ^= x >> 16
    return x.astype(np.float64) / 2**31 - 1


def seed_of(name):
    seed = 0
    for c in name:
        seed = (seed * 31 + ord(c)) & 0xFFFFFF
    return seed


def fill(name, parameter):
    """Norms near one (Gemma's, which lack it, near zero), all else of deviation 0.17."""
    values = 0.3 * noise(seed_of(name), parameter.numel())
    if name.endswith("norm.weight") and not GEMMA:
        values += 1
    with torch.no_grad():
        parameter.copy_(torch.tensor(values.astype(np.float32)).reshape(parameter.shape))


def plain(name):
    return name.replace("base_model.model.", "").replace(".default", "")


COMMON = dict(
    vocab_size=40, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
    intermediate_size=48, rms_norm_eps=1e-5, max_position_embeddings=64, attn_implementation="eager",
)
OURS = dict(
    vocabularySize=40, width=32, layers=2, heads=4, keyValueHeads=2, headWidth=8, feedForwardWidth=48, normEpsilon=1e-5,
    maxPositions=64,
)


def default_rope(theta):
    return {"rope_type": "default", "rope_theta": theta}


MODELS = {
    "llama": (
        transformers.LlamaConfig(
            **COMMON, tie_word_embeddings=False,
            rope_parameters={"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
                             "high_freq_factor": 4.0, "original_max_position_embeddings": 16},
        ),
        {**OURS, "architecture": "llama", "tiedEmbeddings": False,
         "rope": {"theta": 10000, "scaling": {"kind": "llama3", "factor": 8, "lowFrequencyFactor": 1,
                                              "highFrequencyFactor": 4, "originalPositions": 16}}},
    ),
    "qwen2": (
        transformers.Qwen2Config(**COMMON, tie_word_embeddings=True, rope_parameters=default_rope(1e6)),
        {**OURS, "architecture": "qwen2", "tiedEmbeddings": True, "rope": {"theta": 1e6}},
    ),
    "qwen3": (
        transformers.Qwen3Config(**{**COMMON, "head_dim": 12}, tie_word_embeddings=True,
                                 rope_parameters={"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}),
        {**OURS, "architecture": "qwen3", "headWidth": 12, "tiedEmbeddings": True,
         "rope": {"theta": 1e4, "scaling": {"kind": "linear", "factor": 2}}},
    ),
    "gemma3": (
        transformers.Gemma3TextConfig(
            **{**COMMON, "num_hidden_layers": 3}, tie_word_embeddings=True, query_pre_attn_scalar=10, sliding_window=4,
            layer_types=["sliding_attention", "sliding_attention", "full_attention"],
            hidden_activation="gelu_pytorch_tanh",
            rope_parameters={"full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
                             "sliding_attention": default_rope(1e4)},
        ),
        {**OURS, "layers": 3, "architecture": "gemma3", "tiedEmbeddings": True, "slidingWindow": 4,
         "localLayers": [True, True, False], "queryScale": 10**-0.5,
         "rope": {"theta": 1e6, "localTheta": 1e4, "scaling": {"kind": "linear", "factor": 8}}},
    ),
}


def log_probs(model, tokens):
    """Of each token given those before it, [rows, length - 1]."""
    logits = model(tokens).logits[:, :-1].log_softmax(-1)
    return logits.gather(2, tokens[:, 1:, None])[..., 0]


for architecture, (config, settings) in MODELS.items():
    GEMMA = architecture == "gemma3"
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    for name, parameter in model.named_parameters():
        fill(name, parameter)
    tokens = torch.tensor(TOKENS)
    with torch.no_grad():
        logits = model(tokens).logits
    lora = peft.get_peft_model(model, peft.LoraConfig(r=LORA["rank"], lora_alpha=LORA["alpha"], lora_dropout=0.0,
                                                      target_modules=LORA["targets"]))
    trained = {plain(n): p for n, p in lora.named_parameters() if p.requires_grad}
    for name, parameter in trained.items():
        fill(name, parameter)
    loss = -log_probs(lora, tokens).mean()
    loss.backward()
    # A tensor's gradient in two numbers: its norm, and its product with a fixed direction.
    gradients = {
        name: [p.grad.norm().item(), float(p.grad.flatten().double() @ torch.tensor(noise(7, p.numel())))]
        for name, p in trained.items()
    }
    fixture = {
        "settings": settings, "lora": LORA, "tokens": TOKENS,
        "logits": [[[round(x, 5) for x in position] for position in row] for row in logits[:, [3, 11]].tolist()],
        "loraLoss": loss.item(), "loraGradients": gradients,
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{architecture}.json").write_text(json.dumps(fixture) + "\n")
    print(architecture, "loss", loss.item(), "logits up to", logits.abs().max().item())


def grpo_fixture():
    """One optimiser step on two prompts with two completions each, by TRL's own loss where it is ours: token means, no KL."""
    import datasets
    import tokenizers
    from trl import GRPOConfig, GRPOTrainer

    config, _ = MODELS["llama"]
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    for name, parameter in model.named_parameters():
        fill(name, parameter)
    lora = peft.get_peft_model(model, peft.LoraConfig(r=LORA["rank"], lora_alpha=LORA["alpha"], lora_dropout=0.0,
                                                      target_modules=LORA["targets"]))
    trained = {plain(n): p for n, p in lora.named_parameters() if p.requires_grad}
    for name, parameter in trained.items():
        fill(name, parameter)
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({f"t{i}": i for i in range(40)}, unk_token="t0"))
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="t0", eos_token="t1", unk_token="t0")
    trainer = GRPOTrainer(
        lora, reward_funcs=lambda completions, **_: [0.0] * len(completions), processing_class=tokenizer,
        train_dataset=datasets.Dataset.from_dict({"prompt": ["t2"] * 4}),
        args=GRPOConfig(output_dir="/tmp/grpo-fixture", loss_type="bnpo", beta=0.0, epsilon=0.2, temperature=1.0,
                        num_generations=2, per_device_train_batch_size=4, use_cpu=True, report_to=[], bf16=False,
                        gradient_checkpointing=False),
    )
    prompts = [[5, 31, 7, 2], [5, 31, 9]]
    completions = [[19, 23, 11], [3, 38, 14, 6, 26], [17, 4], [29, 35, 8, 1]]
    longest = [max(map(len, x)) for x in (prompts, completions)]
    left = lambda x: [0] * (longest[0] - len(x)) + x
    right = lambda x: x + [0] * (longest[1] - len(x))
    inputs = {
        "prompt_ids": torch.tensor([left(prompts[i // 2]) for i in range(4)]),
        "prompt_mask": torch.tensor([left([1] * len(prompts[i // 2])) for i in range(4)]),
        "completion_ids": torch.tensor([right(c) for c in completions]),
        "completion_mask": torch.tensor([right([1] * len(c)) for c in completions]),
        "advantages": torch.tensor([1.0, -1.0, 0.5, -0.7]),
    }
    with torch.no_grad():
        now, *_ = trainer._get_per_token_logps_and_entropies(
            lora, torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1),
            torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1), longest[1])
    # The policy has moved since the completions were drawn: some ratios are clipped.
    old = now + torch.tensor(0.4 * noise(11, now.numel()), dtype=torch.float32).reshape(now.shape)
    lora.eval()
    loss = trainer._compute_loss(lora, {**inputs, "old_per_token_logps": old})
    loss.backward()
    torch.optim.AdamW(trained.values(), lr=0.01, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0).step()
    after = {n: [p.norm().item(), float(p.detach().flatten().double() @ torch.tensor(noise(7, p.numel())))] for n, p in trained.items()}
    fixture = {
        "prompts": prompts, "completions": completions, "advantages": inputs["advantages"].tolist(),
        "logProbs": [row[: len(c)] for row, c in zip(now.tolist(), completions)],
        "oldLogProbs": [row[: len(c)] for row, c in zip(old.tolist(), completions)],
        "learningRate": 0.01, "loss": loss.item(), "after": after,
    }
    (FOLDER / "grpo.json").write_text(json.dumps(fixture) + "\n")
    print("grpo loss", loss.item())


GEMMA = False
grpo_fixture()
