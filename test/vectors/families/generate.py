"""Small models of the Llama and BERT kinds as Hugging Face folders, and what transformers computes with them.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.24.0 safetensors==0.8.0 numpy==2.4.6
    venv/bin/python test/vectors/families/generate.py

NAME/config.json and NAME/model.safetensors are the folder (llama and llama-odd have the keys of transformers 4, the others those of
transformers 5; llama-bf16 has two shards and their index; bert has a pooler and position_ids, bert-masked-lm the prefix, the head and
the names gamma and beta of google-bert/bert-base-uncased). Every weight is random, gains of norms and biases too, so that one that is left out shows.

NAME/expected.json; arrays are {"shape", "data": base64 of little-endian float32}:
    llama kind   tokens [B, T]; logits [B, T, V]; greedy: a prompt and the 16 tokens that follow it, none of them the end token, each
                 ahead of the next best by at least 0.01
    bert kind    tokens, mask (1: a token, 0: padding) and tokenTypes [B, T]; hidden: last hidden states [B, T, d]
    gradients    (where there are any) a batch, its loss in nats, and d loss / d weight by name, in float64 rounded to float32.
                 llama: tokens and targets [B, T], the mean cross-entropy of the next token.
                 bert: tokens, mask, tokenTypes and targets [B, T], -1 where no token was hidden: the mean cross-entropy over the other
                 places, logits = hidden @ word_embeddings^T.
Logits and hidden states are of transformers in float32 with its plain attention.

refused/NAME.json are configurations that must not be read as one of these models; refused/index.json says for each what the message
must name. `hidden-size-lies` and `vocabulary-lies` are sound by themselves: it is the tensors of llama/ that they do not fit.
"""

import base64
import json
import shutil
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

import llama
from refused import write_refused

HERE = Path(__file__).parent
SMALL = {
    "hidden_size": 16,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "vocab_size": 48,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": None,
    "tie_word_embeddings": False,
}
LLAMAS = {
    "llama": ("Llama", {}),
    "llama-tied": ("Llama", {"num_key_value_heads": 2, "tie_word_embeddings": True}),
    "llama-head-dim": ("Llama", {"head_dim": 6, "num_key_value_heads": 2}),
    "llama-odd": (
        "Llama",
        {
            "hidden_size": 18,
            "intermediate_size": 29,
            "num_attention_heads": 3,
            "num_key_value_heads": 1,
            "vocab_size": 37,
            "rms_norm_eps": 1e-6,
            "rope_theta": 500000.0,
        },
    ),
    "llama-mlp-bias": ("Llama", {"attention_bias": True, "mlp_bias": True}),
    "llama-bf16": ("Llama", {"num_key_value_heads": 1}),
    "qwen2": ("Qwen2", {"num_key_value_heads": 2, "tie_word_embeddings": True, "use_sliding_window": False, "rope_theta": 1000000.0}),
    "mistral": ("Mistral", {"num_key_value_heads": 2, "sliding_window": None}),
}
OF_TRANSFORMERS_4 = {"llama", "llama-odd"}
BERT = {
    "hidden_size": 16,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 48,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "pad_token_id": 0,
}
ODD = {"hidden_size": 18, "intermediate_size": 29, "num_attention_heads": 3, "vocab_size": 37, "type_vocab_size": 3, "hidden_act": "relu"}
BERTS = {"bert": {}, "bert-relu-odd": ODD, "bert-masked-lm": {"num_hidden_layers": 1}}
WITH_GRADIENTS = {"llama", "llama-tied", "qwen2", "bert"}


def packed(array):
    data = np.ascontiguousarray(array.detach().float().numpy(), dtype="<f4")
    return {"shape": list(data.shape), "data": base64.b64encode(data.tobytes()).decode()}


def randomise(model, rng):
    """Linear maps of kept variance, embeddings of variance 1 (1/d where the head is tied to one), gains about 1, biases about 0."""
    for name, weight in model.named_parameters():
        noise = torch.from_numpy(rng.standard_normal(tuple(weight.shape)))
        if weight.dim() == 1:
            weight.data = ((0 if name.endswith("bias") else 1) + 0.3 * noise).float()
        else:
            is_table = "embed" in name and not (model.config.tie_word_embeddings and "embed_tokens" in name)
            weight.data = (noise * (1 if is_table else weight.shape[1] ** -0.5)).float()


def save(model, folder, **options):
    """The files that `from_pretrained` reads, and nothing of the machine that wrote them."""
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **options)
    if folder.name in OF_TRANSFORMERS_4:
        config = json.loads((folder / "config.json").read_text())
        rope = config.pop("rope_parameters")
        assert config.pop("head_dim") == config["hidden_size"] // config["num_attention_heads"]
        config |= {"rope_theta": rope["rope_theta"], "rope_scaling": None, "torch_dtype": config.pop("dtype"), "transformers_version": "4.46.0"}
        (folder / "config.json").write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n")


def write(folder, expected):
    (folder / "expected.json").write_text(json.dumps({"transformers": transformers.__version__, **expected}, separators=(",", ":")) + "\n")


def parameters(model):
    return {name: weight.detach().double().requires_grad_() for name, weight in model.named_parameters()}


def gradients(loss, w):
    loss.backward()
    return {"loss": loss.item(), "d": {name: packed(weight.grad) for name, weight in w.items()}}


def llama_case(seed, name, kind, change):
    rng = np.random.default_rng(seed)
    made = getattr(transformers, f"{kind}ForCausalLM")(getattr(transformers, f"{kind}Config")(**SMALL | change))
    randomise(made, rng)
    folder = HERE / name
    if name == "llama-bf16":
        save(made.to(torch.bfloat16), folder, max_shard_size="8KB")
        assert len(list(folder.glob("*.safetensors"))) == 2
    else:
        save(made, folder)
    model, loading = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not any(loading.values()), loading
    model.eval()
    config = model.config
    theta = config.rope_parameters["rope_theta"]
    if not hasattr(config, "head_dim"):
        config.head_dim = config.hidden_size // config.num_attention_heads
    V = config.vocab_size
    assert theta == change.get("rope_theta", 10000.0)

    tokens = torch.from_numpy(rng.integers(V, size=(2, 12)))
    with torch.no_grad():
        logits = model(tokens).logits
        w = parameters(model)
        error = (llama.logits(config, theta, w, tokens) - logits).abs().max().item()
    assert error < 5e-6, (name, error)
    expected = {"tokens": tokens.tolist(), "logits": packed(logits), "greedy": greedy(model, rng)}
    if name in WITH_GRADIENTS:
        text = torch.from_numpy(rng.integers(V, size=(2, 11)))
        tokens, targets = text[:, :-1], text[:, 1:]
        w = parameters(model)
        loss = F.cross_entropy(llama.logits(config, theta, w, tokens).flatten(0, 1), targets.flatten())
        expected["gradients"] = {"tokens": tokens.tolist(), "targets": targets.tolist(), **gradients(loss, w)}
        F.cross_entropy(model(tokens).logits.flatten(0, 1), targets.flatten()).backward()
        check_gradients(model, {name: weight.grad for name, weight in w.items()})
    write(folder, expected)
    print(name, f"{sum(weight.numel() for weight in model.parameters())} weights, at most {error:.1e} from float64")


def check_gradients(model, exact):
    """Of transformers in float32."""
    for name, weight in model.named_parameters():
        assert (weight.grad - exact[name]).abs().max() < 1e-5, name


def greedy(model, rng):
    """A prompt whose continuation does not hang on the last digit and does not end."""
    for _ in range(1000):
        prompt = [1, *rng.integers(3, model.config.vocab_size, size=3).tolist()]
        tokens, ahead = list(prompt), []
        with torch.no_grad():
            for _ in range(16):
                best = model(torch.tensor([tokens])).logits[0, -1].topk(2)
                tokens.append(best.indices[0].item())
                ahead.append((best.values[0] - best.values[1]).item())
        if min(ahead) > 0.01 and 2 not in tokens[4:] and len(set(tokens[4:])) > 5:
            break
    else:
        raise RuntimeError("no such prompt")
    own = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, 4, dtype=torch.long), max_new_tokens=16, do_sample=False)
    assert own[0].tolist() == tokens
    return {"prompt": prompt, "tokens": tokens[4:]}


def bert_batch(config, rng):
    """Padding on the right, none, and padding on the left."""
    B, T = 3, 10
    tokens = torch.from_numpy(rng.integers(1, config.vocab_size, size=(B, T)))
    types = torch.from_numpy(rng.integers(config.type_vocab_size, size=(B, T)))
    mask = torch.ones(B, T, dtype=torch.long)
    mask[0, 7:] = 0
    mask[2, :4] = 0
    return tokens * mask, mask, types * mask  # token 0 pads, and PyTorch gives its row no gradient


def bert_case(seed, name, change):
    rng = np.random.default_rng(seed)
    config = transformers.BertConfig(**BERT | change)
    is_masked_lm = name == "bert-masked-lm"
    made = (
        transformers.BertForMaskedLM(config)
        if is_masked_lm
        else transformers.BertModel(config, add_pooling_layer=name == "bert")
    )
    randomise(made, rng)
    folder = HERE / name
    save(made, folder)
    tensors = load_file(folder / "model.safetensors")
    if name == "bert":  # as folders written by transformers 4.30 and before
        tensors["embeddings.position_ids"] = torch.arange(config.max_position_embeddings)[None]
    if is_masked_lm:  # as google-bert/bert-base-uncased
        tensors = {each.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value for each, value in tensors.items()}
        keys = {**json.loads((folder / "config.json").read_text()), "position_embedding_type": "absolute", "gradient_checkpointing": False}
        (folder / "config.json").write_text(json.dumps(dict(sorted(keys.items())), indent=2) + "\n")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", add_pooling_layer=name == "bert").eval()
    own = dict(made.bert.named_parameters() if is_masked_lm else made.named_parameters())
    assert all(torch.equal(weight, own[each]) for each, weight in model.named_parameters())

    tokens, mask, types = bert_batch(config, rng)
    run = {"attention_mask": mask, "token_type_ids": types}
    with torch.no_grad():
        hidden = model(tokens, **run).last_hidden_state
    exact = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", add_pooling_layer=False, dtype=torch.float64).eval()
    with torch.no_grad():
        error = (exact(tokens, **run).last_hidden_state - hidden).abs().max().item()
    assert error < 5e-6, (name, error)
    batch = {"tokens": tokens.tolist(), "mask": mask.tolist(), "tokenTypes": types.tolist()}
    expected = {**batch, "hidden": packed(hidden)}
    if name in WITH_GRADIENTS:
        places = (mask == 1) & torch.from_numpy(rng.random(mask.shape) < 0.4)
        assert places.sum(1).min() > 0
        targets = torch.where(places, torch.from_numpy(rng.integers(1, config.vocab_size, size=mask.shape)), -1)
        hidden = exact(tokens, **run).last_hidden_state
        logits = hidden @ exact.embeddings.word_embeddings.weight.T
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)
        expected["gradients"] = {**batch, "targets": targets.tolist(), **gradients(loss, dict(exact.named_parameters()))}
    write(folder, expected)
    print(name, f"{sum(weight.numel() for weight in model.parameters())} weights, at most {error:.1e} from float64")


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for i, (name, case) in enumerate(LLAMAS.items()):
        llama_case(20260100 + i, name, *case)
    for i, (name, change) in enumerate(BERTS.items()):
        bert_case(20260200 + i, name, change)
    write_refused(HERE)


if __name__ == "__main__":
    main()
