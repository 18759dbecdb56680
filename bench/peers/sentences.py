"""Embeds texts with sentence-transformers. bench/peers/sentences.mjs runs it.

sentences.py FOLDER TEXTS.json OUT    writes float32 [texts, d], little-endian, and prints a line of JSON: versions, seconds
"""
import json
import os
import sys
import time
from pathlib import Path

sys.path = [each for each in sys.path if Path(each or ".").resolve() != Path(__file__).parent.resolve()]  # beside us is a transformers.py
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import sentence_transformers
import torch

torch.set_num_threads(2)
_, folder, asked, out = sys.argv
texts = json.loads(Path(asked).read_text())
model = sentence_transformers.SentenceTransformer(folder, device="cpu")
model.encode(texts[:32], show_progress_bar=False)
started = time.perf_counter()
vectors = model.encode(texts, batch_size=32, show_progress_bar=False)
seconds = time.perf_counter() - started
Path(out).write_bytes(vectors.astype("<f4").tobytes())
print(json.dumps({"version": sentence_transformers.__version__, "torch": torch.__version__, "seconds": seconds}))
