"""Blocks of each quantised type of GGUF with the numbers that the reference package makes of them.

    pip install gguf
    python bench/pretrained/ggufFixtures.py > src/policy/pretrained/files/testing/fixtures/quantised.json

`bytes` are random, their half-precision scales small; `values` is what gguf.quants.dequantize gives, float32. For the types that
are written too, `source` holds numbers and `bytes` what gguf.quants.quantize makes of them. All in base64, little-endian.
"""

import base64
import json

import gguf
import numpy as np
from gguf.quants import dequantize, quantize

# Places of the half-precision numbers in a block.
SCALES = {
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
}
BLOCKS = 3


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def main():
    random = np.random.default_rng(1)
    fixtures = []
    for name, places in SCALES.items():
        kind = gguf.GGMLQuantizationType[name]
        _, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = random.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
        for place in places:
            scales = (random.standard_normal(BLOCKS) * 0.05).astype(np.float16)
            blocks[:, place : place + 2] = scales.view(np.uint8).reshape(BLOCKS, 2)
        fixtures.append({"type": name, "bytes": text(blocks), "values": text(dequantize(blocks, kind).astype(np.float32))})
    source = (random.standard_normal(4 * 32) * 0.1).astype(np.float32)
    source[:32] = 0
    # Where rounding is decided: halves of the step that the largest number sets.
    source[32:64] = np.arange(-16, 16, dtype=np.float32) / 2
    source[32] = 127
    for name in ["F16", "BF16", "Q8_0"]:
        kind = gguf.GGMLQuantizationType[name]
        blocks = quantize(source, kind)
        fixtures.append(
            {
                "type": name,
                "source": text(source),
                "bytes": text(blocks),
                "values": text(dequantize(blocks, kind).astype(np.float32)),
            }
        )
    print(json.dumps({"package": "gguf", "blocks": fixtures}, indent=1))


main()
