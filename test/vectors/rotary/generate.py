"""Writes rotary.json: rotary attention of transformers' Llama, and of heads that turn neighbouring pairs, for test/paper/.

python3 generate.py > rotary.json        (PyTorch 2.15, transformers 5.24)

transformers makes cos and sin in float32; here they are made in float64 from the same formula and handed to it. Its "eager" attention has a
float32 softmax, so "sdpa" is taken.
"""
import json

import torch
import transformers
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaRotaryEmbedding

torch.manual_seed(20251128)


def flat(a):
    return [float(v) for v in a.detach().flatten()]


def case(name, T, width, heads, key_heads, head_width, theta, causal):
    config = LlamaConfig(
        hidden_size=width, num_attention_heads=heads, num_key_value_heads=key_heads, head_dim=head_width,
        max_position_embeddings=64, rope_parameters={"rope_type": "default", "rope_theta": theta},
        attn_implementation="sdpa",
    )
    attention = LlamaAttention(config, 0).double().eval()
    for parameter in attention.parameters():
        torch.nn.init.uniform_(parameter, -1, 1)
    x = torch.randn(T, width, dtype=torch.float64)
    inverse = 1.0 / theta ** (torch.arange(0, head_width, 2, dtype=torch.float64) / head_width)
    given = LlamaRotaryEmbedding(config).inv_freq
    assert torch.allclose(inverse.float(), given, rtol=1e-6), (inverse, given)
    angles = torch.outer(torch.arange(T, dtype=torch.float64), inverse)
    both = torch.cat([angles, angles], -1)[None]
    mask = torch.full((T, T), float("-inf"), dtype=torch.float64).triu(1) if causal else torch.zeros(T, T, dtype=torch.float64)
    out, _ = attention(x[None], (both.cos(), both.sin()), mask[None, None])

    # Heads that turn neighbouring pairs, as complex numbers (Meta's apply_rotary_emb), with the same numbers as weights.
    turn = torch.polar(torch.ones_like(angles), angles)
    rotate = lambda rows: torch.view_as_real(torch.view_as_complex(rows.reshape(T, -1, 2).contiguous()) * turn).flatten(1)
    split = lambda rows: rows.reshape(T, -1, head_width).transpose(0, 1)
    q, k, v = (split(x @ p.weight.T) for p in (attention.q_proj, attention.k_proj, attention.v_proj))
    mixed = []
    for h in range(heads):
        g = h // (heads // key_heads)
        scores = rotate(q[h]) @ rotate(k[g]).T / head_width**0.5 + mask
        mixed.append(scores.softmax(-1) @ v[g])
    neighbours = torch.cat(mixed, -1) @ attention.o_proj.weight.T
    return {
        "name": name, "length": T, "inputs": width, "heads": heads, "keyHeads": key_heads, "headWidth": head_width,
        "theta": theta, "causal": causal, "frequencies": flat(inverse), "x": flat(x),
        **{n: flat(getattr(attention, f"{n[0]}_proj").weight) for n in ("query", "key", "value", "output")},
        "attention": flat(out), "neighbours": flat(neighbours),
    }


cases = [
    case("one head, encoder", 5, 3, 1, 1, 4, 10000.0, False),
    case("four heads, two key heads, causal", 6, 4, 4, 2, 6, 100.0, True),
]
print(json.dumps({"generator": "generate.py", "torch": torch.__version__, "transformers": transformers.__version__, "cases": cases}, indent=1))
