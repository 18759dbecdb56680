"""Writes attention.json: multi-head attention and one norm-free block in plain NumPy, for test/paper/.

python3 generate.py > attention.json        (NumPy 2.4)
"""
import json
import numpy as np

rng = np.random.default_rng(20251104)


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def attention(x, heads, mask):
    out = 0
    for head in heads:
        q, k, v = x @ head["query"], x @ head["key"], x @ head["value"]
        logits = q @ k.T / np.sqrt(q.shape[1])
        logits = np.where(mask == 1, logits, -np.inf)
        out = out + softmax(logits) @ v @ head["output"]
    return out


def flat(a):
    return [float(v) for v in np.asarray(a).ravel()]


def case(name, T, d1, d2, H, dK, dV, mask, scale):
    x = rng.normal(size=(T, d1)) * scale
    draw = lambda r, c: rng.uniform(-1, 1, size=(r, c))
    heads = [
        {"query": draw(d1, dK), "key": draw(d1, dK), "value": draw(d1, dV), "output": draw(dV, d2)} for _ in range(H)
    ]
    record = {
        "name": name, "length": T, "inputs": d1, "outputs": d2, "keyWidth": dK, "valueWidth": dV,
        "mask": [int(v) for v in mask.ravel()], "x": flat(x),
        "heads": [{k: flat(v) for k, v in head.items()} for head in heads],
        "attention": flat(attention(x, heads, mask)),
    }
    if d1 == d2:
        layers = [draw(d1, 5), draw(5, d1)]
        z = attention(x, heads, mask) + x
        record["layers"] = [flat(w) for w in layers]
        record["block"] = flat(np.maximum(z @ layers[0], 0) @ layers[1] + z)
    return record


custom = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0], [1, 1, 0, 1]])
cases = [
    case("encoder, one head, d1 = 2, d2 = 1", 4, 2, 1, 1, 8, 8, np.ones((4, 4)), 1),
    case("causal, three heads, d_K = 2, d_V = 5", 5, 3, 3, 3, 2, 5, np.tril(np.ones((5, 5))), 1),
    case("custom mask, two heads, d1 = 4, d2 = 2", 4, 4, 2, 2, 3, 1, custom, 1),
    case("logits in the thousands", 3, 2, 2, 1, 2, 2, np.ones((3, 3)), 60),
]
print(json.dumps({"generator": "generate.py", "numpy": np.__version__, "cases": cases}, indent=1))
