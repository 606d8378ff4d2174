"""
Writes what transformers computes with real weights, read from GGUF files, as fixtures of our tests:

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install torch transformers gguf
    /tmp/venv/bin/python bench/pretrained/realModels.py FOLDER

FOLDER holds the files named below; R4T_MODELS=FOLDER then lets the tests compare.
"""
import json
import sys
from pathlib import Path

import torch
import transformers

FOLDER = Path(__file__).parents[2] / "src/policy/pretrained/testing/fixtures"
FILES = ["smollm2-135m-instruct-q4_1.gguf", "gemma3-270m-q4_k_m.gguf", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"]
TEXT = "Things to buy for a summer picnic: a blanket, a basket, lemonade, sandwiches,"

fixtures = {}
for file in FILES:
    tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1], gguf_file=file)
    model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], gguf_file=file, dtype=torch.float32).eval()
    tokens = tokenizer(TEXT, return_tensors="pt").input_ids
    with torch.no_grad():
        logits = model(tokens).logits[0, -1]
        greedy = model.generate(tokens, max_new_tokens=16, do_sample=False, pad_token_id=0)[0, tokens.shape[1]:]
    every = max(1, len(logits) // 100)
    fixtures[file] = {
        "tokens": tokens[0].tolist(), "every": every, "logits": [round(x, 4) for x in logits[::every].tolist()],
        "greedy": greedy.tolist(),
    }
    print(file, repr(tokenizer.decode(greedy)))
(FOLDER / "realModels.json").write_text(json.dumps(fixtures) + "\n")
