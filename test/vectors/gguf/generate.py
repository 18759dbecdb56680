"""GGUF files by another implementation: llama.cpp's own Python package.

    python3 generate.py        gguf 0.19.0, NumPy 2.4

Writes, beside this file:
  types.gguf           a matrix in every element type that is read, what it stands for (NAME.expected, float32), and metadata of every type
  llama-tied-f16.gguf  the folder ../families/llama-tied, matrices in fp16
  expected.json        what files of models hold: names, types, shapes and the SHA-256 of each tensor's bytes, by folder and type of the matrices

Names of tensors are those of the package (get_tensor_name_map); blocks are those of its quants.py. That linear maps of GPT-2 are turned, and rows of
Llama's queries and keys reordered, is what llama.cpp's convert_hf_to_gguf.py does.
"""

import hashlib
import json
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize, quantize

HERE = Path(__file__).parent
FAMILIES = HERE.parent / "families"
TYPES = gguf.GGMLQuantizationType


def tensors_of(folder):
    raw = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32"
        begin, end = (8 + length + at for at in entry["data_offsets"])
        found[name] = np.frombuffer(raw[begin:end], "<f4").reshape(entry["shape"])
    return found


# A small GPT-2. Number i of tensor t is ((7919 i + 104729 t) mod 2001 - 1000) / 1000, tensors in this order.
GPT2 = {"n_layer": 1, "n_embd": 32, "n_head": 2, "n_inner": 64, "n_positions": 4, "vocab_size": 5}
GPT2_SHAPES = {
    "transformer.wte.weight": (5, 32),
    "transformer.wpe.weight": (4, 32),
    "transformer.h.0.ln_1.weight": (32,),
    "transformer.h.0.ln_1.bias": (32,),
    "transformer.h.0.attn.c_attn.weight": (32, 96),
    "transformer.h.0.attn.c_attn.bias": (96,),
    "transformer.h.0.attn.c_proj.weight": (32, 32),
    "transformer.h.0.attn.c_proj.bias": (32,),
    "transformer.h.0.ln_2.weight": (32,),
    "transformer.h.0.ln_2.bias": (32,),
    "transformer.h.0.mlp.c_fc.weight": (32, 64),
    "transformer.h.0.mlp.c_fc.bias": (64,),
    "transformer.h.0.mlp.c_proj.weight": (64, 32),
    "transformer.h.0.mlp.c_proj.bias": (32,),
    "transformer.ln_f.weight": (32,),
    "transformer.ln_f.bias": (32,),
}


def gpt2_tensors():
    found = {}
    for t, (name, shape) in enumerate(GPT2_SHAPES.items()):
        i = np.arange(int(np.prod(shape)), dtype=np.int64)
        found[name] = (((7919 * i + 104729 * t) % 2001 - 1000) / 1000).astype(np.float32).reshape(shape)
    return found


def permuted(rows, heads):
    """Rows of the two halves of each head become neighbours."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def converted(architecture, tensors, layers, heads, key_heads):
    """Tensors by llama.cpp's names."""
    names = gguf.get_tensor_name_map(architecture, layers)
    found = {}
    for name, values in tensors.items():
        if architecture == gguf.MODEL_ARCH.GPT2 and name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
            values = values.T
        if architecture == gguf.MODEL_ARCH.LLAMA and ".q_proj." in name:
            values = permuted(values, heads)
        if architecture == gguf.MODEL_ARCH.LLAMA and ".k_proj." in name:
            values = permuted(values, key_heads)
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert new is not None, name
        found[new] = np.ascontiguousarray(values)
    return found


def stored(values, asked):
    if values.ndim == 1:
        return TYPES.F32, values
    block = gguf.GGML_QUANT_SIZES[asked][0]
    kind = asked if values.shape[-1] % block == 0 else TYPES.F16
    return kind, values if kind == TYPES.F32 else quantize(values, kind)


def described(tensors, asked):
    found = {}
    for name, values in tensors.items():
        kind, data = stored(values, asked)
        found[name] = [kind.name, list(values.shape), hashlib.sha256(data.tobytes()).hexdigest()]
    return found


models = {"gpt2": converted(gguf.MODEL_ARCH.GPT2, gpt2_tensors(), 1, 2, 2)}
for folder, architecture in [
    ("llama", gguf.MODEL_ARCH.LLAMA),
    ("llama-tied", gguf.MODEL_ARCH.LLAMA),
    ("llama-head-dim", gguf.MODEL_ARCH.LLAMA),
    ("mistral", gguf.MODEL_ARCH.LLAMA),
    ("qwen2", gguf.MODEL_ARCH.QWEN2),
]:
    config = json.loads((FAMILIES / folder / "config.json").read_text())
    heads, key_heads = config["num_attention_heads"], config["num_key_value_heads"]
    tensors = tensors_of(FAMILIES / folder)
    models[folder] = converted(architecture, tensors, config["num_hidden_layers"], heads, key_heads)
expected = {
    name: {kind.name: described(tensors, kind) for kind in (TYPES.F32, TYPES.F16, TYPES.Q8_0)}
    for name, tensors in models.items()
}
(HERE / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")

config = json.loads((FAMILIES / "llama-tied" / "config.json").read_text())
writer = gguf.GGUFWriter(HERE / "llama-tied-f16.gguf", "llama")
writer.add_name("llama-tied")
writer.add_context_length(config["max_position_embeddings"])
writer.add_embedding_length(config["hidden_size"])
writer.add_block_count(config["num_hidden_layers"])
writer.add_feed_forward_length(config["intermediate_size"])
writer.add_head_count(config["num_attention_heads"])
writer.add_head_count_kv(config["num_key_value_heads"])
writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])
writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
for name, values in models["llama-tied"].items():
    kind, data = stored(values, TYPES.F16)
    writer.add_tensor(name, data, raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

random = np.random.default_rng(7)
writer = gguf.GGUFWriter(HERE / "types.gguf", "types", use_temp_file=False)
writer.add_custom_alignment(64)
for key, kind, value in [
    ("uint8", "UINT8", 200),
    ("int8", "INT8", -100),
    ("uint16", "UINT16", 60000),
    ("int16", "INT16", -30000),
    ("uint32", "UINT32", 4000000000),
    ("int32", "INT32", -2000000000),
    ("float32", "FLOAT32", 0.1),
    ("bool", "BOOL", True),
    ("string", "STRING", "Größe \U0001f600"),
    ("uint64", "UINT64", 2**63 + 1),
    ("int64", "INT64", -(2**53)),
    ("float64", "FLOAT64", 0.1),
]:
    writer.add_key_value(f"types.{key}", value, gguf.GGUFValueType[kind])
writer.add_array("types.strings", ["a", "", "\u2581ä"])
writer.add_array("types.integers", [1, -2, 3])
writer.add_array("types.floats", [0.5, -0.25])

general = random.normal(size=(2, 512)).astype(np.float32)
ternary = (random.integers(-1, 2, size=(3, 512)) * np.float32(0.11407470703125)).astype(np.float32)
general[1, 32:64] = 0  # a block without a scale
ternary[2, 256:] = 0
for name, values, kind in [
    ("general.f32", general, TYPES.F32),
    ("general.f16", general, TYPES.F16),
    ("general.bf16", general, TYPES.BF16),
    ("general.q8_0", general, TYPES.Q8_0),
    ("general.q4_0", general, TYPES.Q4_0),
    ("ternary.tq1_0", ternary, TYPES.TQ1_0),
    ("ternary.tq2_0", ternary, TYPES.TQ2_0),
]:
    data = values if kind == TYPES.F32 else quantize(values, kind)
    back = values if kind == TYPES.F32 else dequantize(data, kind)
    writer.add_tensor(name, data, raw_dtype=kind)
    writer.add_tensor(f"{name}.expected", back.astype(np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
