"""Writes masks.json: masks coded by a second implementation of docs/ticket-format.md, "Range coding". Needs NumPy:

    python3 test/vectors/coding/generate.py

Every coded mask is also read back by docs/read_ticket.py.
"""
import json, struct, sys
from pathlib import Path

here = Path(__file__).parent
sys.path.insert(0, str(here.parents[2] / 'docs'))
import numpy as np
import read_ticket

PRIORS = (4, 16, 64, 0)


def f32(x):
    return struct.unpack('<f', struct.pack('<f', x))[0]


def clamp(p):
    return min(max(p, 1), 4095)


def ratio(ones, expected, prior):
    return f32(f32((ones + prior) * 4096) / f32(expected + prior * 4096)) if prior else 1.0


def encode_chunk(bits, width, start, magnitudes, context_bits, column_prior, line_prior, lanes):
    contexts = [m >> (7 - context_bits) for m in magnitudes] if context_bits else [0] * len(bits)
    size = 1 << context_bits
    seen, ones = [0] * size, [0] * size
    column_ones, column_expected, column_ratio = [0] * width, [0] * width, [1.0] * width
    steps = []  # bit, probability, lane
    for line in range(0, len(bits), width):
        q = [clamp((ones[c] * 4096 + 8 * start) // (seen[c] + 8)) for c in range(size)]
        line_ones = line_expected = 0
        r = following = 1.0
        stop = min(line + width, len(bits))
        for group in range(line, stop, 8):
            members = range(group, min(group + 8, stop))
            for i in members:
                odds = f32(f32(f32(q[contexts[i]] / (4096 - q[contexts[i]])) * column_ratio[i - line]) * r)
                steps.append((bits[i], clamp(int(f32(odds / f32(1 + odds)) * 4096)), (i - line) % 8 % lanes))
            for i in members:
                c, j = contexts[i], i - line
                seen[c] += 1
                ones[c] += bits[i]
                line_ones += bits[i]
                line_expected += q[c]
                column_ones[j] += bits[i]
                column_expected[j] += q[c]
                column_ratio[j] = ratio(column_ones[j], column_expected[j], PRIORS[column_prior])
            r, following = following, ratio(line_ones, line_expected, PRIORS[line_prior])
    states, words = [65536] * lanes, []
    for bit, p, lane in reversed(steps):
        x, part = states[lane], p if bit else 4096 - p
        if x >= part << 20:
            words.append(x & 0xffff)
            x >>= 16
        states[lane] = (x // part << 12) + x % part + (0 if bit else p)
    return b''.join(struct.pack('<I', x) for x in states) + b''.join(struct.pack('<H', w) for w in reversed(words))


def case(rows, columns, density, structure, parameters, seed=0xfedcba9876543210, stream=2**45 + 3):
    context_bits, column_prior, line_prior, lanes = parameters
    count = rows * columns
    w = read_ticket.words(seed, stream, 0, count)
    magnitudes = np.where(w >> np.uint64(31) == 1, w, ~w) >> np.uint64(24) & np.uint64(127)
    noise = read_ticket.words(seed, 1, 0, count) / 2**32
    tilt = np.tile(np.arange(columns) / max(1, columns - 1), rows)
    score = structure * (magnitudes / 128 + tilt) / 2 + (1 - structure) * noise
    bits = (score >= np.quantile(score, 1 - density)).astype(int) if 0 < density < 1 else np.full(count, int(density))
    start = clamp((int(bits.sum()) * 8192 + count) // (2 * count))
    width = min(columns, 65536)
    per = min(65536, 2**21 // width) * width
    chunks = [
        encode_chunk(bits[i:i + per].tolist(), width, start, magnitudes[i:i + per].astype(int).tolist(), *parameters)
        for i in range(0, count, per)
    ]
    byte = context_bits | column_prior << 3 | line_prior << 5 | (128 if lanes == 8 else 0)
    coded = bytes([byte]) + b''.join(struct.pack('<I', len(c)) for c in chunks[:-1]) + b''.join(chunks)
    back = read_ticket.unrange(coded, count, columns, start, lambda s, n: magnitudes[s:s + n].astype(int))
    assert (back == bits).all()
    return {
        'rows': rows, 'columns': columns, 'seed': str(seed), 'stream': stream, 'start': start,
        'parameters': dict(zip(('contextBits', 'columnPrior', 'linePrior', 'lanes'), parameters)),
        'mask': np.packbits(bits, bitorder='little').tobytes().hex(), 'coded': coded.hex(),
    }


cases = [
    case(1, 1, 0, 0, (0, 3, 3, 1)),
    case(1, 1, 1, 0, (0, 0, 0, 8)),
    case(5, 2, 0.5, 0.5, (2, 0, 0, 1)),
    case(3, 7, 0.3, 0.5, (3, 1, 2, 8)),
    case(40, 16, 0.3, 0.8, (4, 0, 0, 1)),
    case(40, 16, 0.3, 0.8, (4, 0, 0, 8)),
    case(60, 27, 0.7, 0.5, (7, 2, 1, 8)),
    case(64, 64, 0.3, 0, (0, 3, 3, 1)),
    case(64, 64, 0.05, 0.9, (5, 1, 0, 8)),
    case(30, 24, 0, 0, (1, 0, 0, 8)),
    case(30, 24, 1, 0, (6, 2, 2, 1)),
]
(here / 'masks.json').write_text('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]\n')
print(len(cases), 'masks')
