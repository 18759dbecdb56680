"""Configurations that must be refused: those of other models, and some that contradict themselves."""

import json
import shutil

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "vocab_size": 48,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
}
BERT = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 16,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 48,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32, "rope_type": "llama3"}


def of(model, **change):
    """Another model of the Llama kind by its names in transformers."""
    return LLAMA | {"architectures": [f"{model}ForCausalLM"], "model_type": model.lower()} | change


# File -> what the message must name, the configuration. A key or a value, in quotes or not.
REFUSED = {
    "qwen3": ("qwen3", of("Qwen3", head_dim=8)),  # norms of queries and keys
    "llama-rope-scaling": ("rope_scaling", LLAMA | {"rope_scaling": LLAMA3}),
    "llama-rope-parameters": ("rope_parameters", {**LLAMA, "rope_theta": None, "rope_parameters": LLAMA3 | {"rope_theta": 500000.0}}),
    "llama-rope-scaling-old": ("rope_scaling", LLAMA | {"rope_scaling": {"type": "linear", "factor": 2.0}}),
    "llama-partial-rotary": ("partial_rotary_factor", LLAMA | {"partial_rotary_factor": 0.5}),
    "llama-activation": ("hidden_act", LLAMA | {"hidden_act": "gelu_new_quick"}),
    "llama-odd-head-width": ("head_dim", LLAMA | {"head_dim": 5}),
    "llama-key-heads": ("num_key_value_heads", LLAMA | {"num_key_value_heads": 3}),
    "llama-heads": ("num_attention_heads", LLAMA | {"num_attention_heads": 3, "num_key_value_heads": 3}),
    "llama-no-heads": ("num_key_value_heads", LLAMA | {"num_key_value_heads": 0}),
    "llama-theta": ("rope_theta", LLAMA | {"rope_theta": 0}),
    "llama-epsilon": ("rms_norm_eps", LLAMA | {"rms_norm_eps": "1e-5"}),
    "llama-size-missing": ("intermediate_size", {key: value for key, value in LLAMA.items() if key != "intermediate_size"}),
    "llama-quantised": ("quantization_config", LLAMA | {"quantization_config": {"quant_method": "gptq", "bits": 4}}),
    "mistral-sliding-window": ("sliding_window", of("Mistral", sliding_window=32)),
    "qwen2-sliding-window": ("use_sliding_window", of("Qwen2", use_sliding_window=True, sliding_window=32, max_window_layers=1)),
    "mixtral": ("mixtral", of("Mixtral", num_local_experts=8, num_experts_per_tok=2, sliding_window=None)),
    "gemma": ("gemma", of("Gemma", head_dim=4, hidden_act="gelu_pytorch_tanh", tie_word_embeddings=True)),
    "phi3": ("phi3", of("Phi3", partial_rotary_factor=0.75)),
    "bert-relative-key": ("position_embedding_type", BERT | {"position_embedding_type": "relative_key"}),
    "bert-decoder": ("is_decoder", BERT | {"is_decoder": True}),
    "bert-heads": ("num_attention_heads", BERT | {"num_attention_heads": 3}),
    "bert-activation": ("hidden_act", BERT | {"hidden_act": "selu"}),
    "roberta": ("roberta", BERT | {"architectures": ["RobertaModel"], "model_type": "roberta", "position_embedding_type": "absolute"}),
    "hidden-size-lies": ("hidden_size", LLAMA | {"hidden_size": 32}),
    "vocabulary-lies": ("vocab_size", LLAMA | {"vocab_size": 49}),
}


def write_refused(here):
    folder = here / "refused"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, (_, config) in REFUSED.items():
        (folder / f"{name}.json").write_text(json.dumps(config, indent=1) + "\n")
    index = {name: named for name, (named, _) in REFUSED.items()}
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")
