"""A small sentence encoder as a folder of sentence-transformers, and the embeddings that sentence-transformers makes with it.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.24.0 tokenizers==0.23.3 sentence-transformers==6.2.0
    venv/bin/python test/vectors/sentences/generate.py

encoder/ is a BERT of random weights (every vector too), with a WordPiece tokenizer learnt from tiny Shakespeare whose 117 tokens are fewer
than the model's 120. The modules say mean pooling, length 1 and at most 16 tokens, of 24 positions.

expected.json: texts; mean, cls and max: the embeddings of the texts by that pooling, `mean` of length 1 as the folder says, the others as
they are; {"shape", "data": base64 of little-endian float32}.
"""

import base64
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers, decoders
from transformers import BertConfig, BertModel

HERE = Path(__file__).parent
FOLDER = HERE / "encoder"
LINES = [line for line in (HERE / "../../../data/tinyshakespeare/input.txt").read_text().split("\n") if line]
TEXTS = [
    "Speak, speak.",
    "speak, SPEAK.",
    "Na\u00efve caf\u00e9!",
    "a",
    "You are all resolved rather to die than to famish? We are accounted poor citizens, the patricians good.",
    "\u4f60\u597d, \U0001f642 & unknown letters",
    "Let us kill him, and we'll have corn",
    "  spaces \t around  ",
    "[MASK] [SEP] in a text",
]


def tokenizer():
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=117, special_tokens=special, show_progress=False)
    made.train_from_iterator([line.replace("'", " ") for line in LINES[:2000]], trainer)
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends)
    made.decoder = decoders.WordPiece("##", cleanup=True)
    return made


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def pooling(mode):
    return {"word_embedding_dimension": 16, **{f"pooling_mode_{name}": name.startswith(mode) for name in ["cls_token", "mean_tokens", "max_tokens"]}}


def modules(*kinds):
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    return [{"idx": i, "name": str(i), "path": paths[kind], "type": f"sentence_transformers.models.{kind}"} for i, kind in enumerate(kinds)]


def write_folder():
    shutil.rmtree(FOLDER, ignore_errors=True)
    torch.manual_seed(11)
    config = BertConfig(vocab_size=120, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40, max_position_embeddings=24)
    model = BertModel(config, add_pooling_layer=False)
    model.save_pretrained(FOLDER)
    weights = load_file(FOLDER / "model.safetensors")
    for name, tensor in weights.items():
        center = 1 if name.endswith("LayerNorm.weight") else 0
        weights[name] = center + torch.randn(tensor.shape) * (0.3 if tensor.dim() == 1 else 0.5)
    save_file(weights, FOLDER / "model.safetensors", {"format": "pt"})
    made = tokenizer()
    assert made.get_vocab_size() == 117
    made.save(str(FOLDER / "tokenizer.json"))
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "mask_token": "[MASK]", "unk_token": "[UNK]"}
    write(FOLDER / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 24, **names})
    write(FOLDER / "sentence_bert_config.json", {"max_seq_length": 16, "do_lower_case": False})
    write(FOLDER / "modules.json", modules("Transformer", "Pooling", "Normalize"))
    write(FOLDER / "1_Pooling/config.json", pooling("mean"))


def packed(array):
    return {"shape": list(array.shape), "data": base64.b64encode(array.astype("<f4").tobytes()).decode()}


def embed(folder):
    return SentenceTransformer(str(folder), device="cpu").encode(TEXTS, batch_size=4)


write_folder()
expected = {"texts": TEXTS, "mean": packed(embed(FOLDER))}
for mode in ["cls", "max"]:
    with tempfile.TemporaryDirectory() as temporary:
        shutil.copytree(FOLDER, temporary, dirs_exist_ok=True)
        write(Path(temporary) / "modules.json", modules("Transformer", "Pooling"))
        write(Path(temporary) / "1_Pooling/config.json", pooling(mode))
        expected[mode] = packed(embed(temporary))
(HERE / "expected.json").write_text(json.dumps(expected) + "\n")
