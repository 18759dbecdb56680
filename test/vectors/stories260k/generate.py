"""Writes data/stories260k/tokenizer.json and the files beside it from llama2.c's tokenizer, and texts with their tokens (tokens.json).

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3 transformers==5.24.0
    venv/bin/python test/vectors/stories260k/generate.py

tok512.bin: int32 longest piece; then for each of 512 tokens float32 score, int32 length, bytes. llama2.c joins again and again the pair
of neighbours whose text is the token of highest score, the leftmost of equal ones. Scores differ, so the order of scores is an order
of merges, and a `tokenizer.json` of BPE with byte fallback gives the same tokens: texts are encoded both ways. tokens.json has
[text, tokens] and the text that tokenizers makes of the tokens.
"""

import json
import random
import struct
from pathlib import Path

import transformers
from tokenizers import Tokenizer

HERE = Path(__file__).parent
FOLDER = HERE / "../../../data/stories260k"
UNKNOWN, BEGIN, END, BYTES = 0, 1, 2, 3  # byte b is token b + 3


def read_tokens():
    data = (HERE / "tok512.bin").read_bytes()
    at, tokens = 4, []
    while at < len(data):
        score, length = struct.unpack_from("<fi", data, at)
        tokens.append((data[at + 8 : at + 8 + length].decode(), score))
        at += 8 + length
    return tokens


TOKENS = read_tokens()
assert len(TOKENS) == 512 and len({score for _, score in TOKENS[259:]}) == 253
IDS = {text: i for i, (text, _) in enumerate(TOKENS)}


def encode_as_llama2c(text):
    """Tokens of a text without the one that begins it."""
    ids = []
    for character in " " + text if text else "":
        ids += [IDS[character]] if character in IDS else [byte + BYTES for byte in character.encode()]
    while True:
        pairs = [IDS.get(TOKENS[a][0] + TOKENS[b][0]) for a, b in zip(ids, ids[1:])]
        found = [(-TOKENS[pair][1], i) for i, pair in enumerate(pairs) if pair is not None]
        if not found:
            return ids
        i = min(found)[1]
        ids[i : i + 2] = [pairs[i]]


def tokenizer_json():
    names = ["<unk>", "<s>", "</s>"] + [text.replace(" ", "\u2581") for text, _ in TOKENS[3:]]
    vocab = {name: i for i, name in enumerate(names)}
    merges = []
    for name in names[259:]:
        splits = [(name[:i], name[i:]) for i in range(1, len(name))]
        merges += sorted(((a, b) for a, b in splits if a in vocab and b in vocab), key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": names[i], **special} for i in (UNKNOWN, BEGIN, END)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "\u2581"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "<s>", "type_id": 1}},
                {"Sequence": {"id": "B", "type_id": 1}},
            ],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [BEGIN], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": [f"{a} {b}" for a, b in merges],
        },
    }


TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "model_max_length": 512,
    "clean_up_tokenization_spaces": False,
}
# The model was trained on texts that <s> begins and nothing ends: a story ends where the next begins.
GENERATION_CONFIG = {"bos_token_id": BEGIN, "eos_token_id": [END, BEGIN]}


def texts():
    chance = random.Random(20260401)
    play = (HERE / "../../../data/tinyshakespeare/input.txt").read_text()
    lines = [line for line in play.split("\n") if line]
    stories = Tokenizer.from_file(str(FOLDER / "tokenizer.json")).decode(json.loads((HERE / "expected.json").read_text())["greedy"])
    words = stories.split()
    odd = ["", " ", "  ", "\n", "\n\n", "a", " a", "a ", "\u2581", "a\u2581b", "\t", "0", "<0x41>", "na\u00efve", "\u4f60\u597d", "\U0001f600", "\u2122\u200a|[]~", "e\u0301", "\x00", "\x7f\u0080", "\ufeffa", "don't", "ONCE UPON", "?!?!"]
    pieces = odd + words + lines[:50]
    return (
        odd
        + [stories, stories.replace(" ", "  "), play[:2000]]
        + chance.sample(lines, 150)
        + [" ".join(chance.choice(words) for _ in range(chance.randint(1, 30))) for _ in range(100)]
        + ["".join(chance.choice(pieces) for _ in range(chance.randint(1, 8))) for _ in range(100)]
    )


def write(name, json_value, **options):
    (FOLDER / name).write_text(json.dumps(json_value, **options) + "\n")


def main():
    write("tokenizer.json", tokenizer_json(), separators=(",", ":"), ensure_ascii=False)
    write("tokenizer_config.json", TOKENIZER_CONFIG, indent=1)
    write("generation_config.json", GENERATION_CONFIG, indent=1)
    own = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    loaded = transformers.AutoTokenizer.from_pretrained(FOLDER)
    rows = []
    for text in texts():
        tokens = own.encode(text, add_special_tokens=False).ids
        if "\u2581" not in text:  # SentencePiece's own mark of a space, which llama2.c reads as bytes
            assert tokens == encode_as_llama2c(text), text
        assert loaded(text).input_ids == [BEGIN, *tokens], text
        rows.append([text, tokens, own.decode(tokens)])
    (HERE / "tokens.json").write_text(json.dumps(rows, separators=(",", ":")) + "\n")
    print(len(rows), "texts,", sum(len(tokens) for _, tokens, _ in rows), "tokens")


if __name__ == "__main__":
    main()
