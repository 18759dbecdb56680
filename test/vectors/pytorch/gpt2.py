"""A GPT-2 without biases, in plain PyTorch and any precision: what src/families/gpt2/loss.ts is held to.

Matrices of linear maps are [in, out]; embeddings and head are [V, d] or [P, d]. Every softmax is written out.
"""
import torch
from torch.nn import functional as F


def matrix_shapes(c):
    """Name -> shape, in the order of `gpt2Matrices`."""
    d = c["width"]
    shapes = {"wte": (c["vocabulary"], d), "wpe": (c["positions"], d)}
    for layer in range(c["layers"]):
        block = f"h.{layer}"
        shapes |= {f"{block}.attn.{part}": (d, d) for part in ("q", "k", "v", "c_proj")}
        shapes |= {f"{block}.mlp.c_fc": (d, c["inner"]), f"{block}.mlp.c_proj": (c["inner"], d)}
    if not c["tiedHead"]:
        shapes["lm_head"] = (c["vocabulary"], d)
    return shapes


def norm_names(c):
    """Every LayerNorm, in the order of a forward pass."""
    return [f"h.{layer}.ln_{i}" for layer in range(c["layers"]) for i in (1, 2)] + ["ln_f"]


def fan_in(name, shape):
    return shape[1] if name in ("wte", "wpe", "lm_head") else shape[0]


ACTIVATIONS = {
    "relu": torch.relu,
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
}


def logits(c, w, tokens):
    """tokens [B, T] -> [B, T, V]; w: name -> tensor, gains and biases of norms where they are learned."""
    B, T = tokens.shape
    H, D = c["heads"], c["width"] // c["heads"]
    activate = ACTIVATIONS[c["activation"]]

    def norm(name, x):
        mean = x.mean(-1, keepdim=True)
        variance = ((x - mean) ** 2).mean(-1, keepdim=True)
        y = (x - mean) / torch.sqrt(variance + c["layerNormEpsilon"])
        return y * w[f"{name}.weight"] + w[f"{name}.bias"] if f"{name}.weight" in w else y

    def heads(x):
        return x.reshape(B, T, H, D).transpose(1, 2)  # [B, H, T, D]

    def attention(name, x):
        q, k, v = (heads(x @ w[f"{name}.{part}"]) for part in "qkv")
        scores = q @ k.transpose(2, 3) / D**0.5  # [B, H, T, T]
        future = torch.ones(T, T, dtype=torch.bool).triu(1)
        mixed = torch.softmax(scores.masked_fill(future, float("-inf")), -1) @ v
        return mixed.transpose(1, 2).reshape(B, T, -1) @ w[f"{name}.c_proj"]

    x = w["wte"][tokens] + w["wpe"][:T]
    for layer in range(c["layers"]):
        block = f"h.{layer}"
        x = x + attention(f"{block}.attn", norm(f"{block}.ln_1", x))
        x = x + activate(norm(f"{block}.ln_2", x) @ w[f"{block}.mlp.c_fc"]) @ w[f"{block}.mlp.c_proj"]
    return norm("ln_f", x) @ w["wte" if c["tiedHead"] else "lm_head"].T


def loss(c, w, tokens, targets):
    """Mean cross-entropy in nats."""
    return F.cross_entropy(logits(c, w, tokens).flatten(0, 1), targets.flatten())
