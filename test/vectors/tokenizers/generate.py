"""Small tokenizers of the kinds that Hugging Face folders have, and what Hugging Face's own program makes of texts with them.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python test/vectors/tokenizers/generate.py

NAME/tokenizer.json and tokenizer_config.json are learnt from tiny Shakespeare. NAME/tokens.json:
    texts    [text, tokens, tokens with those that the folder puts around a text, text of the tokens without special ones]
    split    [text, tokens] where special tokens in a text are read as letters
    decoded  [tokens drawn at random, their text]
"""

import json
import random
import unicodedata
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
PLAY = (HERE / "../../../data/tinyshakespeare/input.txt").read_text()
LINES = [line for line in PLAY.split("\n") if line]
FOREIGN = ["na\u00efve caf\u00e9 \u00c5ngstr\u00f6m", "\u4f60\u597d\uff0c\u4e16\u754c", "\u00bfQu\u00e9 tal? \u00a1Ma\u00f1ana!", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440", "\u05e9\u05dc\u05d5\u05dd", "\u039f\u0394\u039f\u03a3 \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u0661\u0662\u0663 12", "a\ufeffb \ufeff c\u0085\u0085d", "c\u0085\u0085", "\U0001f600 \U0001f468\u200d\U0001f469"]
# Of Qwen2.
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def learn(tokenizer, trainer, repeat=20):
    tokenizer.train_from_iterator(LINES[:6000] + FOREIGN * repeat, trainer)
    return json.loads(tokenizer.to_str())["model"]


def bpe_byte_fallback():
    """As Mistral's: SentencePiece BPE, a space before the first word."""
    made = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    alphabet = [chr(c) for c in range(33, 127)] + ["\u2581", "\u00e9", "\u4f60"]
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    model = learn(made, trainers.BpeTrainer(vocab_size=620, special_tokens=special, limit_alphabet=97, initial_alphabet=alphabet, show_progress=False))
    model["vocab"]["\u2581\u2581"] = len(model["vocab"])  # as Llama's tokens of several spaces
    model["merges"].insert(0, ["\u2581", "\u2581"])
    made = Tokenizer(models.BPE(model["vocab"], [tuple(merge) for merge in model["merges"]], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in special[:3]])
    made.add_tokens([AddedToken("[INST]", normalized=False), AddedToken("<tool>", normalized=True, lstrip=True, rstrip=True)])
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    made.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    made.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return made, {"tokenizer_class": "LlamaTokenizer", "bos_token": {"content": "<s>"}, "eos_token": {"content": "</s>"}}


def wordpiece():
    """As BERT's, uncased."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    learn(made, trainers.WordPieceTrainer(vocab_size=700, special_tokens=special, show_progress=False), repeat=200)
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    made.add_tokens([AddedToken("cardinal wolsey", normalized=True)])
    made.decoder = decoders.WordPiece("##", cleanup=True)
    made.enable_truncation(128)  # as all-MiniLM-L6-v2 says, and transformers leaves aside
    made.enable_padding(length=128, pad_id=0, pad_token="[PAD]")
    return made, {"tokenizer_class": "BertTokenizer", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "mask_token": "[MASK]", "do_lower_case": True}


def wordpiece_raw():
    """As multilingual BERT's, with capitals, and with the characters that others remove."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learn(made, trainers.WordPieceTrainer(vocab_size=500, special_tokens=["[UNK]"], show_progress=False), repeat=200)
    made.decoder = decoders.WordPiece("##", cleanup=False)
    return made, {}


def byte_level():
    """As Qwen2's, with Llama 3's begin and its rule that a word which is a token is not merged."""
    made = Tokenizer(models.BPE(ignore_merges=True))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    learn(made, trainers.BpeTrainer(vocab_size=480, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    made.add_special_tokens(["<|begin|>", "<|end|>"])
    made.add_tokens(["<think>", "<think>ing"])
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="<|begin|> $A", pair="<|begin|> $A <|begin|>:1 $B:1", special_tokens=[("<|begin|>", made.token_to_id("<|begin|>"))])])
    return made, {"tokenizer_class": "Qwen2Tokenizer", "bos_token": "<|begin|>", "eos_token": "<|end|>"}


def byte_level_words():
    """As RoBERTa's: GPT-2's words, each text with a space before it."""
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    learn(made, trainers.BpeTrainer(vocab_size=460, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False), repeat=400)
    made.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return made, {"tokenizer_class": "RobertaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>"}


def unigram():
    """As T5's."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    special = ["<pad>", "</s>", "<unk>"]
    model = learn(made, trainers.UnigramTrainer(vocab_size=420, special_tokens=special, unk_token="<unk>", show_progress=False))
    vocab = [tuple(pair) for pair in model["vocab"]] + [("\u2581\u2581", -1.0)]  # which no text holds, because spaces are split
    normalizer, pre_tokenizer = made.normalizer, made.pre_tokenizer
    made = Tokenizer(models.Unigram(vocab, unk_id=model["unk_id"]))
    made.normalizer, made.pre_tokenizer = normalizer, pre_tokenizer
    made.add_special_tokens(special)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    made.decoder = decoders.Metaspace(prepend_scheme="always")
    return made, {"tokenizer_class": "T5Tokenizer", "eos_token": "</s>", "pad_token": "<pad>"}


def parts():
    """Of many parts, each of which treats white space, capitals or digits."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.Lowercase(), normalizers.NFD(), normalizers.StripAccents()])
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Metaspace(prepend_scheme="never")])
    special = ["<unk>", "<s>"]
    learn(made, trainers.UnigramTrainer(vocab_size=420, special_tokens=special, unk_token="<unk>", show_progress=False), repeat=200)
    made.post_processor = processors.BertProcessing(("<s>", 1), ("<s>", 1))
    made.decoder = decoders.Metaspace(prepend_scheme="never")
    return made, {"bos_token": "<s>"}


chance = random.Random(20260402)
# Assigned since Unicode 3.2 and of the same category now: whatever Unicode version a program follows.
old = unicodedata.ucd_3_2_0
stable = [chr(c) for c in range(1, 0x30000) if old.category(chr(c)) not in ("Cn", "Cs", "Co") and old.category(chr(c)) == unicodedata.category(chr(c))]
latin = [chr(c) for c in range(32, 0x250)]
spaces = [" ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u0085", "\u3000", "\u2028", "\ufeff", "\u200b", "\x1c", "\x0b"]
words = ["the", "Thou", "I'll", "WE'RE", "don't", "''", "Cardinal Wolsey", "2024", "3.14", "...", "?!", "caf\u00e9", "cafe\u0301", "\u4f60\u597d", "\U0001f600", "\U00020000", "\u0130", "\ufb01", "\u1e9e", "\u2581", "\u2581\u2581a", "c\u0085\u0085d", "\u03a3", "\u0662", "<0x41>", "##ing", "[", "]", "u0301\u0301"]


def texts(special):
    def mixture(choices, most):
        return "".join(chance.choice(choices)() for _ in range(chance.randint(1, most)))

    ordinary = [lambda: chance.choice(spaces), lambda: chance.choice(words), lambda: chance.choice(latin), lambda: chance.choice(special)]
    return (
        ["", " ", "  ", "a", " a", "a ", "A", "\n", "a\nb", " \n ", "a  b   c", "don't", "x" * 120, "\x00a\x7fb\u0080c", "ab" * 60 + "\u00e9", "Hello, world! How's it going?", *FOREIGN, *words]
        + chance.sample(LINES, 25)
        + [PLAY[1000:1600]]
        + [f"{a}{s}{b}" for s in special for a, b in [("", ""), ("a", "b"), ("a ", " b"), ("a  ", "  b"), ("\u00e9\n", "\nc")]]
        + [special[0] * 3, special[0][:-1], special[0].upper(), special[0].lower()]
        + [mixture(ordinary, 12) for _ in range(60)]
        + [mixture([*ordinary[:2], lambda: chance.choice(stable)], 12) for _ in range(60)]
    )


def main():
    for make in (bpe_byte_fallback, wordpiece, wordpiece_raw, byte_level, byte_level_words, unigram, parts):
        made, config = make()
        folder = HERE / make.__name__.replace("_", "-")
        folder.mkdir(exist_ok=True)
        (folder / "tokenizer.json").write_text(json.dumps(json.loads(made.to_str()), separators=(",", ":"), ensure_ascii=False) + "\n")
        (folder / "tokenizer_config.json").write_text(json.dumps(config | {"clean_up_tokenization_spaces": False}, indent=1) + "\n")
        made = Tokenizer.from_file(str(folder / "tokenizer.json"))
        made.no_truncation()
        made.no_padding()
        letters = Tokenizer.from_str(made.to_str())
        letters.encode_special_tokens = True
        rows, split, decoded = [], [], []
        own = [token.content for token in made.get_added_tokens_decoder().values() if not token.content.startswith("<0x")]
        for text in dict.fromkeys(texts(own)):
            tokens = made.encode(text, add_special_tokens=False).ids
            rows.append([text, tokens, made.encode(text).ids, made.decode(tokens, skip_special_tokens=True)])
            if any(each in text for each in own):
                split.append([text, letters.encode(text, add_special_tokens=False).ids])
        # A run of bytes that is broken somewhere is all U+FFFD to tokenizers: bytes of ASCII alone are drawn.
        drawn = [i for i in range(made.get_vocab_size()) if not made.id_to_token(i).startswith(("<0x8", "<0x9", "<0xA", "<0xB", "<0xC", "<0xD", "<0xE", "<0xF"))]
        starts = [[made.token_to_id("<0x20>")]] if make is bpe_byte_fallback else []
        for start in starts + [[]] * 40:
            tokens = start + [chance.choice(drawn) for _ in range(chance.randint(1, 12))]
            decoded.append([tokens, made.decode(tokens, skip_special_tokens=True)])
        vectors = {"vocabulary": made.get_vocab_size(), "texts": rows, "split": split, "decoded": decoded}
        (folder / "tokens.json").write_text(json.dumps(vectors, separators=(",", ":")) + "\n")
        print(folder.name, made.get_vocab_size(), "tokens,", len(rows), "texts")


if __name__ == "__main__":
    main()
