"""Writes the vectors of this folder: small GPT-2s, and ten steps of edge-popup.

python3 test/vectors/pytorch/generate.py        (PyTorch 2.15, NumPy 2.4)

gpt2-NAME.safetensors: weights, `tokens`, `targets`, `logits`, and `d.NAME` of every weight, computed in float64 from the
float32 weights. edge-popup.safetensors: random weights, initial scores and batches; scores and packed masks after each
step, losses, computed in float32 on one thread.
"""
from pathlib import Path

import numpy as np
import torch

import container
import edge_popup
import gpt2

FOLDER = Path(__file__).parent
BASE = {
    "layers": 2,
    "width": 16,
    "heads": 2,
    "inner": 64,
    "positions": 12,
    "vocabulary": 11,
    "activation": "gelu_new",
    "layerNormEpsilon": 1e-5,
    "tiedHead": True,
}
CASES = {  # what differs, norms, [B, T]
    "relu": ({"activation": "relu"}, "plain", (2, 8)),
    "gelu-new": ({}, "plain", (2, 8)),
    "learned-norms": ({}, "learned", (2, 8)),
    "untied-head": ({"activation": "gelu", "tiedHead": False}, "plain", (2, 8)),
    "long-context": ({"layers": 1, "width": 8, "inner": 16, "positions": 400}, "plain", (2, 384)),
}


def random_weights(rng, c, norms):
    """Normal, with kept variance at fan-in, so that no gradient is small; gains about 1, biases about 0."""
    weights = {
        name: (rng.standard_normal(shape) / np.sqrt(gpt2.fan_in(name, shape))).astype("<f4")
        for name, shape in gpt2.matrix_shapes(c).items()
    }
    for name in gpt2.norm_names(c) if norms == "learned" else []:
        weights[f"{name}.weight"] = (1 + 0.3 * rng.standard_normal(c["width"])).astype("<f4")
        weights[f"{name}.bias"] = (0.3 * rng.standard_normal(c["width"])).astype("<f4")
    return weights


def random_batch(rng, c, *shape):
    """Tokens, and targets that do not follow from them."""
    return [rng.integers(c["vocabulary"], size=shape).astype("<i4") for _ in range(2)]


def gradient_case(seed, change, norms, shape):
    rng = np.random.default_rng(seed)
    c = BASE | change
    weights = random_weights(rng, c, norms)
    tokens, targets = random_batch(rng, c, *shape)
    w = {name: torch.from_numpy(each).double().requires_grad_() for name, each in weights.items()}
    batch = [torch.from_numpy(each).long() for each in (tokens, targets)]
    loss = gpt2.loss(c, w, *batch)
    loss.backward()
    tensors = {
        **weights,
        "tokens": tokens,
        "targets": targets,
        "logits": gpt2.logits(c, w, batch[0]).detach().numpy().astype("<f4"),
        **{f"d.{name}": each.grad.numpy().astype("<f4") for name, each in w.items()},
    }
    return tensors, {"config": c, "norms": norms, "loss": loss.item()}


def main():
    torch.set_num_threads(1)
    made = {"torch": torch.__version__, "numpy": np.__version__}
    for i, (name, case) in enumerate(CASES.items()):
        tensors, metadata = gradient_case(20250000 + i, *case)
        container.write(FOLDER / f"gpt2-{name}.safetensors", tensors, metadata | made)
    c = BASE | {"inner": 32, "tiedHead": False}
    tensors, metadata = edge_popup.search(c, random_weights, random_batch)
    container.write(FOLDER / "edge-popup.safetensors", tensors, metadata | made)


if __name__ == "__main__":
    main()
