"""Loads exports in transformers and ONNX Runtime, and writes folders for us to read. bench/peers/transformers.mjs runs it.

transformers.py --check BASE    BASE-fp32, -fp16, -bf16 (folders), BASE-32.onnx, -8.onnx, -4.onnx, BASE.json (expectations)
transformers.py --write FOLDER  random models of transformers, saved in one file or shards, in fp32, fp16 and bf16
transformers.py --versions

Prints one JSON object a line.
"""
import json
import os
import sys
from pathlib import Path

sys.path = [each for each in sys.path if Path(each or ".").resolve() != Path(__file__).parent.resolve()]  # our own name
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(2)

TEXTS = ["ROMEO: But, soft!  what light\n\tthrough yonder", "naïve — 你好 \U0001f600 e\u0301", " a  b\r\n", "I'll say it's 1597;"]


def say(check, value, limit=None, passed=None):
    ok = value <= limit if passed is None else passed
    print(json.dumps({"check": check, "value": value, "limit": limit, "passed": bool(ok)}), flush=True)


def farthest(a, b):
    return float(np.abs(np.asarray(a, np.float64).ravel() - np.asarray(b, np.float64).ravel()).max())


def greedy(model, tokens, count):
    with torch.no_grad():
        given = torch.tensor([tokens])
        flags = {"do_sample": False, "eos_token_id": None, "pad_token_id": 0, "max_new_tokens": count}
        found = model.generate(given, attention_mask=torch.ones_like(given), **flags)
    return found[0, len(tokens):].tolist()


def check(base):
    expected = json.loads(Path(f"{base}.json").read_text())
    length, results, limit = expected["length"], expected["results"], expected["limit"]
    tokens = torch.tensor(expected["tokens"]).reshape(-1, length)
    largest = max(abs(each) for each in results)
    is_causal = expected["task"] == "causal"
    auto, name = (AutoModelForCausalLM, "logits") if is_causal else (AutoModel, "hidden states")
    model = auto.from_pretrained(f"{base}-fp32").eval()
    width = len(results) // tokens.numel()  # of an encoder's several copies, the first
    with torch.no_grad():
        output = model(tokens)
    output = (output.logits if is_causal else output.last_hidden_state)[..., :width]
    say(f"{type(model).__name__}: {name} (of at most {largest:.1f})", farthest(output, results), limit)
    for dtype in ("fp16", "bf16"):
        wanted = {"fp16": torch.float16, "bf16": torch.bfloat16}[dtype]
        whole, narrow = (load_file(f"{base}-{each}/model.safetensors") for each in ("fp32", dtype))
        same = all(torch.equal(value.to(wanted), narrow[name]) for name, value in whole.items()) and len(whole) == len(narrow)
        loads = auto.from_pretrained(f"{base}-{dtype}").dtype == wanted
        say(f"{dtype}: every weight rounded as torch does", "equal" if same else "unequal", passed=same and loads)
    if isinstance(expected["prompt"], list):
        found = greedy(model, expected["prompt"], len(expected["greedy"]))
        same = found == expected["greedy"]
        say(f"generate: {len(found)} greedy tokens", "equal" if same else "unequal", passed=same)
    elif expected["prompt"] is not None:
        tokenizer = AutoTokenizer.from_pretrained(f"{base}-fp32")
        prompt = tokenizer(expected["prompt"])["input_ids"]
        found = greedy(model, prompt, len(expected["greedy"]))
        same = found == expected["greedy"]
        say(f"AutoTokenizer and generate: {len(found)} greedy tokens", "equal" if same else "unequal", passed=same)
        back = all(tokenizer.decode(tokenizer(text)["input_ids"]) == text for text in TEXTS)
        say("texts through tokenizer and back", "equal" if back else "unequal", passed=back)
    if expected["sorts"]:
        right = 0
        for i in range(100):
            given = np.random.default_rng(i).integers(0, 3, 6).tolist()
            right += greedy(model, given, 6) == sorted(given)
        say("random lists sorted by generate", f"{right} of 100", passed=right == 100)
    for bits in (32, 8, 4):
        path = f"{base}-{bits}.onnx"
        if bits == 32:
            onnx.checker.check_model(path, full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        whole = (run(session, [tokens.numpy()]) if is_causal else encode(session, tokens.numpy()))[..., :width]
        if bits != 32:
            say(f"onnxruntime, {bits} bits: {name}", farthest(whole, results), passed=np.isfinite(whole).all())
            continue
        say(f"onnxruntime: {name}", farthest(whole, results), limit)
        if not is_causal:
            continue
        parts = np.split(tokens.numpy(), [5, 6], axis=1)
        say("onnxruntime: logits with a cache, against without", farthest(run(session, parts), whole), expected["cacheLimit"])


def encode(session, tokens):
    """Hidden states of texts of one type without padding."""
    tokens = tokens.astype(np.int64)
    feeds = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
    return session.run(["last_hidden_state"], feeds)[0]


def run(session, parts):
    """Logits of pieces of texts, one after another through the cache."""
    batch = parts[0].shape[0]
    cache = {
        each.name: np.zeros((batch, each.shape[1], 0, each.shape[3]), np.float32)
        for each in session.get_inputs()
        if each.name.startswith("past_key_values")
    }
    names = [each.name for each in session.get_outputs()]
    read, logits = 0, []
    for part in parts:
        past, read = read, read + part.shape[1]
        feeds = {
            "input_ids": part.astype(np.int64),
            "attention_mask": np.ones((batch, read), np.int64),
            "position_ids": np.tile(np.arange(past, read, dtype=np.int64), (batch, 1)),
        }
        results = dict(zip(names, session.run(None, feeds | cache)))
        logits.append(results["logits"])
        cache = {name: results[name.replace("past_key_values", "present")] for name in cache}
    return np.concatenate(logits, axis=1)


SIZES = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 100, "vocab_size": 70}
COMMON = {"max_position_embeddings": 32, "initializer_range": 0.2, "bos_token_id": 0, "eos_token_id": 0}
MODELS = {
    "gpt2": {"n_embd": 48, "n_layer": 3, "n_head": 4, "n_positions": 32, "vocab_size": 70, **COMMON},
    "llama": {**SIZES, **COMMON, "num_key_value_heads": 2},
    "qwen2": {**SIZES, **COMMON, "num_key_value_heads": 2},
    "bert": {**SIZES, **COMMON, "pad_token_id": 0},
}


def write(folder):
    for kind, sizes in MODELS.items():
        torch.manual_seed(20261124)
        auto = AutoModel if kind == "bert" else AutoModelForCausalLM
        model = auto.from_config(AutoConfig.for_model(kind, **sizes)).eval()
        dtypes = (torch.float32, torch.float16, torch.bfloat16) if kind == "gpt2" else (torch.float32,)
        for dtype in dtypes:
            for size in ("10GB", "100KB"):
                name = f"{kind} of transformers: {str(dtype).removeprefix('torch.')}, {'one file' if size == '10GB' else 'shards'}"
                path = Path(folder) / name.replace(" of transformers: ", "-").replace(", ", "-").replace(" ", "-")
                model.to(dtype).save_pretrained(path, max_shard_size=size)
                tokens = torch.arange(64).reshape(2, 32) * 13 % 70
                loaded = auto.from_pretrained(path).float().eval()
                with torch.no_grad():
                    output = loaded(tokens)
                results = (output.last_hidden_state if kind == "bert" else output.logits).ravel().tolist()
                files = len(list(path.glob("*.safetensors")))
                print(json.dumps({"name": f"{name} ({files})" if size != "10GB" else name, "path": str(path), "tokens": tokens.ravel().tolist(), "length": 32, "results": results}))


def main():
    torch.set_grad_enabled(False)
    if sys.argv[1] == "--versions":
        found = {"Python": sys.version.split()[0]}
        found |= {m.__name__: m.__version__ for m in (torch, transformers, onnx, onnxruntime, np)}
        print(json.dumps(found))
    elif sys.argv[1] == "--check":
        check(sys.argv[2])
    else:
        write(sys.argv[2])


main()
