"""A Llama in plain PyTorch, in the precision of its weights: transformers computes norms, angles and softmax in float32 whatever
it is given, so gradients in float64 need another program. generate.py holds it to transformers in float32.

Weights have the names and shapes of LlamaForCausalLM (Qwen2ForCausalLM with biases): linear maps are [out, in].
"""

import torch
from torch.nn import functional as F


def norm(x, gain, epsilon):
    """RMSNorm (Zhang, Sennrich 2019)."""
    return gain * x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon)


def rotate(x, theta):
    """Rotary positions (Su et al. 2021) of x [B, H, T, D]; frequency i turns the coordinates i and i + D/2 together."""
    T, D = x.shape[-2:]
    frequencies = theta ** (-2 * torch.arange(D // 2, dtype=x.dtype) / D)
    angles = torch.arange(T, dtype=x.dtype)[:, None] * frequencies  # [T, D/2]
    a, b = x[..., : D // 2], x[..., D // 2 :]
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)


def logits(config, theta, w, tokens):
    """tokens [B, T] -> [B, T, V]; config: of transformers; w: name -> tensor."""
    B, T = tokens.shape
    H, K, D = config.num_attention_heads, config.num_key_value_heads, config.head_dim

    def linear(name, x):
        return F.linear(x, w[f"{name}.weight"], w.get(f"{name}.bias"))

    def heads(name, x, count):
        return linear(name, x).reshape(B, T, count, D).transpose(1, 2)  # [B, count, T, D]

    x = w["model.embed_tokens.weight"][tokens]
    for layer in range(config.num_hidden_layers):
        block = f"model.layers.{layer}"
        y = norm(x, w[f"{block}.input_layernorm.weight"], config.rms_norm_eps)
        q = rotate(heads(f"{block}.self_attn.q_proj", y, H), theta)
        k = rotate(heads(f"{block}.self_attn.k_proj", y, K), theta).repeat_interleave(H // K, 1)
        v = heads(f"{block}.self_attn.v_proj", y, K).repeat_interleave(H // K, 1)
        future = torch.ones(T, T, dtype=torch.bool).triu(1)
        mixed = torch.softmax((q @ k.mT / D**0.5).masked_fill(future, float("-inf")), -1) @ v
        x = x + linear(f"{block}.self_attn.o_proj", mixed.transpose(1, 2).reshape(B, T, H * D))
        y = norm(x, w[f"{block}.post_attention_layernorm.weight"], config.rms_norm_eps)
        x = x + linear(f"{block}.mlp.down_proj", F.silu(linear(f"{block}.mlp.gate_proj", y)) * linear(f"{block}.mlp.up_proj", y))
    x = norm(x, w["model.norm.weight"], config.rms_norm_eps)
    return x @ w["model.embed_tokens.weight" if config.tie_word_embeddings else "lm_head.weight"].T
