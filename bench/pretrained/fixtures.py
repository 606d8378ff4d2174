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
