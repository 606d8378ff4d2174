"""Loads what was exported with transformers and peft, and says whether the merged model is the base with the adapter.

    npx jiti bench/pretrained/exportSmall.ts <folder>
    python bench/pretrained/loadExports.py <folder>        # pip install torch transformers peft

For every architecture: the largest difference of logits, and whether the tokenizer reads the same.
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXT = "the theatre, tea\n"

for folder in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir()):
    expected = json.loads((folder / "tokens.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "the tea"}], add_generation_prompt=True, tokenize=False
    )
    found = {
        "text": tokenizer(TEXT, add_special_tokens=False).input_ids,
        "chat": tokenizer(chat, add_special_tokens=False).input_ids,
    }
    base = AutoModelForCausalLM.from_pretrained(folder / "base", attn_implementation="eager")
    tokens = torch.tensor([expected["chat"]])
    with torch.no_grad():
        plain = base(tokens).logits
        adapted = PeftModel.from_pretrained(base, folder / "adapter")(tokens).logits
        merged = AutoModelForCausalLM.from_pretrained(folder / "merged", attn_implementation="eager")(tokens).logits
    print(
        f"{folder.name}: merged - adapted {(merged - adapted).abs().max():.1e}, "
        f"adapted - plain {(adapted - plain).abs().max():.1e}, tokens {'same' if found == expected else 'DIFFERENT'}"
    )
