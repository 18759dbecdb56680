"""Writes weights.json: an independent port of docs/random.md in plain Python (no packages), and its frozen weights.

    python3 test/vectors/random/generate.py

Python's float is IEEE 754 binary64 and its +, -, *, / and math.sqrt are correctly rounded, as the recipe asks. Nothing
here was translated from the TypeScript; both follow the document. The reference quantiles come from 50-digit decimals
and no approximation formula.
"""

import json
import math
import struct
from decimal import Decimal, getcontext
from pathlib import Path

MASK32 = 0xFFFFFFFF


def philox4x32_10(counter, key):
    c = list(counter)
    k = list(key)
    for _ in range(10):
        p0 = 0xD2511F53 * c[0]
        p1 = 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK32, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK32]
        k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
    return c


def word(seed, stream, index):
    block, lane = divmod(index, 4)
    counter = (block & MASK32, block >> 32, stream & MASK32, stream >> 32)
    return philox4x32_10(counter, (seed & MASK32, seed >> 32))[lane]


def float32_bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def uniform_of_word(w):
    return (2 * (w >> 8) - 0xFFFFFF) / 2.0**24


def log_of(x):
    m, e = x, 0
    while m <= 0.7071067811865476:
        m *= 2.0
        e -= 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = 1.0 / 23.0
    for d in range(21, 0, -2):
        series = series * z + 1.0 / d
    return e * 6.93147180369123816490e-1 + (2.0 * s * series + e * 1.90821492927058770002e-10)


def rational(numerator, denominator, r):
    # Coefficients of r^0 first, as printed in AS 241; Horner from the highest power down.
    n = numerator[7]
    for a in numerator[6::-1]:
        n = n * r + a
    d = denominator[7]
    for b in denominator[6::-1]:
        d = d * r + b
    return n, d


A = [3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3]
B = [1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3]
C = [1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4]
D = [1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9]


def normal_of_word(w):
    q = (w + 0.5) / 2.0**32 - 0.5
    if abs(q) <= 0.425:
        n, d = rational(A, B, 0.180625 - q * q)
        return (q * n) / d
    r = math.sqrt(-log_of(0.5 - abs(q)))
    assert r <= 5.0  # 32-bit words end at r = sqrt(33 ln 2) = 4.79: AS 241's third formula is never reached
    n, d = rational(C, D, r - 1.6)
    return -(n / d) if q < 0 else n / d


def weight_bits(init, w):
    if init["kind"] == "uniform":
        return float32_bits(uniform_of_word(w) * init["range"])
    if init["kind"] == "normal":
        return float32_bits(normal_of_word(w) * init["std"])
    return float32_bits(init["magnitude"]) | (w & 0x80000000)


def reference_quantile(w):
    """Solves Phi(x) = (w + 1/2) / 2^32 by Newton in 60 digits: Phi(x) = 1/2 + phi(x) (x + x^3/3 + x^5/(3*5) + ...)."""
    getcontext().prec = 60
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
    p = (Decimal(w) + Decimal("0.5")) / Decimal(2**32)
    x = Decimal(normal_of_word(w))
    for _ in range(4):
        density = (-x * x / 2).exp() / (2 * pi).sqrt()
        term, total, k = x, x, 1
        while abs(term) > Decimal(10) ** -55:
            k += 2
            term = term * x * x / k
            total += term
        x -= (Decimal("0.5") + density * total - p) / density
    return float(x)


CASES = [
    {"seed": 0, "stream": 0, "start": 0, "count": 12},
    {"seed": 7, "stream": 3, "start": 5, "count": 17},
    {"seed": 2**64 - 1, "stream": 2**32 + 1, "start": 2**34 - 6, "count": 15},
    {"seed": 0xFEDCBA9876543210, "stream": 2, "start": 0, "count": 5},  # printed in docs/ticket-format.md
    {"seed": 0x243F6A8885A308D3, "stream": 2**53 - 1, "start": 2**53 - 20, "count": 11},
]
INITIALISATIONS = [
    {"kind": "uniform", "range": 1},
    {"kind": "uniform", "range": 0.06250001},
    {"kind": "uniform", "range": 2.632148025904985},
    {"kind": "normal", "std": 1},
    {"kind": "normal", "std": 0.02},
    {"kind": "signed-constant", "magnitude": 0.1},
]
# Both tails to the last word, both sides of |q| = 0.425 where AS 241 changes formula, and words between.
EDGES = [0, 1, 2, 3, 57, 58, 59, 60, 1000, 65535, 10**6, 322122546, 322122547, 322122548, 10**9, 2**31 - 1, 2**31,
         2**31 + 1, 2**31 + 12345, 3 * 10**9, 3972844747, 3972844748, 3972844749, 4 * 10**9, 2**32 - 60, 2**32 - 59,
         2**32 - 2, 2**32 - 1]


def main():
    weights = []
    for case in CASES:
        words = [word(case["seed"], case["stream"], case["start"] + i) for i in range(case["count"])]
        for init in INITIALISATIONS:
            bits = [weight_bits(init, w) for w in words]
            weights.append({**case, "seed": str(case["seed"]), "init": init, "bits": bits})
    quantiles = [{"word": w, "normal": normal_of_word(w), "reference": reference_quantile(w)} for w in EDGES]
    lines = lambda rows: ",\n".join("    " + json.dumps(row) for row in rows)
    Path(__file__).with_name("weights.json").write_text(
        f'{{\n  "by": "generate.py",\n  "weights": [\n{lines(weights)}\n  ],\n  "quantiles": [\n{lines(quantiles)}\n  ]\n}}\n'
    )


if __name__ == "__main__":
    main()
