"""Reads a ticket from its text by docs/ticket-format.md (As text) alone, in plain Python; a program of its own.

    python3 generate.py < TEXT

TEXT is a link, its fragment or digits. Prints one JSON object: what the head says, and the SHA-256 of every mask as packed
bits. Here sorter.json is what it prints for `slt export examples/sorter-qr/sorter.slt.safetensors --to url`, and following.json
for following.txt, whose masks follow the scores (test/ticket/compact-example.ts).
"""

import base64
import hashlib
import json
import math
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "random"))
from generate import word  # noqa: E402

PRIORS = [4, 16, 64, 0]


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def bytes_of(text):
    text = "".join(text.split())
    payload = text.rsplit("=", 1)[-1]
    if payload.isdigit():
        n = int(payload)
        return n.to_bytes((n.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


class Fields:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        assert self.at <= len(self.data)
        return self.data[self.at - count : self.at]

    def uint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def opt(self):
        value = self.uint()
        return None if value == 0 else value - 1

    def number(self):
        head = self.take(1)[0]
        if head == 254:
            return None
        if head == 255:
            return struct.unpack("<d", self.take(8))[0]
        assert head < 64
        value = float(f"{self.uint()}e-{head // 2}")
        return -value if head % 2 else value

    def text(self):
        return self.take(self.take(1)[0]).decode()

    def word(self, *words):
        n = self.uint()
        return words[n - 1] if n else self.text()


def read_head(f):
    assert f.uint() == 1, "form"
    flags = f.uint()

    def digit(*choices):
        nonlocal flags
        flags, rest = divmod(flags, len(choices))
        return choices[rest]

    h = {
        "coding": digit("bits", "range"),
        "norms": digit("plain", "learned"),
        "tokenizer": digit(None, "bytes", "gpt2", "?"),
        "activation": digit("gelu_new", "gelu", "relu", "?"),
        "tiedHead": digit(False, True),
    }
    has_search, has_probe, usual_streams = digit(0, 1), digit(0, 1), digit(0, 1)
    scores_kind, repeats, one_keep, has_generations = digit(0, 1, 2, 3), digit(0, 1), digit(0, 1), digit(0, 1)
    h["seed"] = str(f.uint())
    for name in "layers", "width", "heads", "inner", "positions", "vocabulary":
        h[name] = f.uint()
    h["layerNormEpsilon"] = f.number()
    d, inner, layers = h["width"], h["inner"], h["layers"]
    shapes = [(h["vocabulary"], d), (h["positions"], d)]
    shapes += [(d, d), (d, d), (d, d), (d, d), (d, inner), (inner, d)] * layers
    if not h["tiedHead"]:
        shapes.append((h["vocabulary"], d))
    n = len(shapes)
    streams = list(range(n)) if usual_streams else [f.uint() for _ in range(n)]
    scores = [f.opt() if scores_kind == 2 else [None, 2**45 + i][scores_kind] for i in range(n)]
    size = f.uint()
    table = [(["uniform", "normal", "signed-constant"][f.uint()], f.number()) for _ in range(size)]
    width = math.ceil(math.log2(size))
    own = [i for i in range(n) if not (repeats and 8 <= i < 2 + 6 * layers)]
    packed = int.from_bytes(f.take((len(own) * width + 7) // 8), "little")
    places = {i: packed >> (j * width) & (2**width - 1) for j, i in enumerate(own)}
    inits = []
    for i in range(n):
        inits.append(table[places[i]] if i in places else inits[i - 6])
    if one_keep:
        keep = f.number()
        kept = [max(1, r * c - math.floor((1 - keep) * (r * c))) for r, c in shapes]
    else:
        kept = [f.uint() for _ in range(n)]
    generations = [f.uint() if has_generations else 0 for _ in range(n)]
    h["matrices"] = [
        {"shape": [r, c], "stream": streams[i], "init": inits[i], "kept": kept[i], "generations": generations[i], "scores": scores[i]}
        for i, (r, c) in enumerate(shapes)
    ]
    h["search"] = read_search(f) if has_search else None
    if has_probe:
        tokens = [f.uint() for _ in range(f.uint())]
        h["probe"] = {"tokens": tokens, "logits": [f.number() for _ in range(f.uint())], "tolerance": f.number()}
    if h["norms"] == "learned":
        f.take(4 * d * 2 * (2 * layers + 1))
    for k, g in zip(kept, generations):
        f.take((k * g.bit_length() + 7) // 8)
    h["checksum"] = f.take(4).hex()
    return h


def read_search(f):
    s = {"algorithm": f.word("edge-popup", "iterand"), "keep": f.number(), "selection": f.word("per-layer", "global"), "qkScale": f.number()}
    s["initialisation"] = f.word("gpt2", "fan-in", "kaiming", "xavier", "uniform", "signed-constant")
    for name in "steps", "batch", "length":
        s[name] = f.uint()
    tokens = f.opt()
    s["tokens"] = s["steps"] * s["batch"] * s["length"] if tokens is None else tokens
    s["validLoss"] = f.number()
    s["corpus"] = {"name": f.text(), "sha256": f.take(32).hex(), "tokenizer": f.word("bytes", "gpt2", "letters")}
    return s


def clamp(p):
    return min(max(p, 1), 4095)


class Coder:
    def __init__(self, data):
        self.data, self.at = data, 4
        (self.x,) = struct.unpack_from("<I", data)

    def bit(self, p):
        s, high = self.x % 4096, self.x // 4096
        b = int(s < p)
        self.x = p * high + s if b else (4096 - p) * high + s - p
        if self.x < 2**16:
            self.x = self.x * 2**16 + struct.unpack_from("<H", self.data, self.at)[0]
            self.at += 2
        return b


def read_urn(coder, m):
    count, ones, bits = m["shape"][0] * m["shape"][1], m["kept"], []
    for i in range(count):
        bits.append(coder.bit(clamp((8192 * ones + (count - i)) // (2 * (count - i)))))
        ones -= bits[-1]
    return bits


def read_model(coder, m, parameters, seed):
    context_bits, column_prior, line_prior = parameters & 7, PRIORS[parameters >> 3 & 3], PRIORS[parameters >> 5 & 3]
    rows, columns = m["shape"]
    count = rows * columns
    p0 = clamp((8192 * m["kept"] + count) // (2 * count))
    seen, ones = [0] * 2**context_bits, [0] * 2**context_bits
    column_ones, column_expected = [0] * columns, [0] * columns

    def ratio(a, b, prior):
        return f32(f32(4096 * (a + prior)) / f32(b + 4096 * prior)) if prior else 1.0

    def context(i):
        if context_bits == 0:
            return 0
        w = word(seed, m["scores"], i)
        return ((w if w >> 31 else ~w) >> 24 & 127) >> (7 - context_bits)

    bits = []
    for line in range(0, count, columns):
        q = [clamp((4096 * o + 8 * p0) // (s + 8)) for o, s in zip(ones, seen)]
        odds = [f32(p / (4096 - p)) for p in q]
        line_ones = line_expected = 0
        behind = [1.0, 1.0]  # the line's ratio is a group behind
        for start in range(0, columns, 8):
            r = behind.pop(0)
            group = []
            for j in range(start, min(start + 8, columns)):
                c = context(line + j)
                o = f32(f32(odds[c] * ratio(column_ones[j], column_expected[j], column_prior)) * r)
                group.append((j, c, coder.bit(clamp(math.floor(4096 * f32(o / f32(1 + o)))))))
            for j, c, b in group:
                seen[c] += 1
                ones[c] += b
                line_ones += b
                line_expected += q[c]
                column_ones[j] += b
                column_expected[j] += q[c]
                bits.append(b)
            behind.append(ratio(line_ones, line_expected, line_prior))
    return bits


def main():
    f = Fields(bytes_of(sys.stdin.read()))
    head = read_head(f)
    way = f.take(1)[0]
    coder = Coder(f.data[f.at :])
    for m in head["matrices"]:
        bits = read_urn(coder, m) if way == 128 else read_model(coder, m, way, int(head["seed"]))
        assert sum(bits) == m["kept"]
        packed = sum(b << i for i, b in enumerate(bits)).to_bytes((len(bits) + 7) // 8, "little")
        m["mask"] = hashlib.sha256(packed).hexdigest()
    assert coder.x == 2**16 and coder.at == len(coder.data), "the stream ends in the wrong state"
    head["way"] = way
    print(json.dumps(head, indent=1))


main()
