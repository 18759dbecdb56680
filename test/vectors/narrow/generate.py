"""Writes narrow.json: float32 numbers, and their bits as float16 and bfloat16 in PyTorch.

python3 test/vectors/narrow/generate.py        (PyTorch 2.15, NumPy 2.4)

Every exponent, with fractions at, just below and just above each tie of both formats; the edges of the subnormals and of
the largest numbers.
"""
import json
from pathlib import Path

import numpy as np
import torch

FRACTIONS = [0, 1, 0x0FFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x3001, 0x7FFF, 0x8000, 0x8001, 0x18000, 0x7FEFFF, 0x7FF000, 0x7FFFFF]


def main():
    bits = [(sign << 31) | (exponent << 23) | fraction for sign in (0, 1) for exponent in range(255) for fraction in FRACTIONS]
    rng = np.random.default_rng(20261124)
    bits += [int(each) for each in rng.integers(0x30000000, 0x48000000, 500)]
    bits += [0x7F800000, 0xFF800000]
    numbers = torch.from_numpy(np.array(bits, "<u4").view("<f4"))
    as_bits = lambda dtype: numbers.to(dtype).view(torch.int16).numpy().view("<u2").tolist()
    content = {"torch": torch.__version__, "float32": bits, "float16": as_bits(torch.float16), "bfloat16": as_bits(torch.bfloat16)}
    Path(__file__).with_name("narrow.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


main()
