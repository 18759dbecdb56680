"""Reads a ticket (docs/ticket-format.md): masks and weights, bit for bit, with NumPy alone.   python3 read_ticket.py FILE [MATRIX OR PAIR]"""
import functools, hashlib, json, sys, zlib, numpy as np
F, U, little, horner = np.float32, np.uint64, lambda b: int.from_bytes(b, 'little'), lambda coefficients, x: functools.reduce(lambda v, c: v * x + c, map(float, coefficients.split()))
A = '2509.0809287301226727 33430.575583588128105 67265.770927008700853 45921.953931549871457 13731.693765509461125 1971.5909503065514427 133.14166789178437745 3.387132872796366608'
B = '5226.495278852545925 28729.085735721942674 39307.89580009271061 21213.794301586595867 5394.1960214247511077 687.1870074920579083 42.313330701600911252 1'
C = '7.7454501427834140764e-4 .0227238449892691845833 .24178072517745061177 1.27045825245236838258 3.64784832476320460504 5.7694972214606914055 4.6303378461565452959 1.42343711074968357734'
D = '1.05075007164441684324e-9 5.475938084995344946e-4 .0151986665636164571966 .14810397642748007459 .68976733498510000455 1.6763848301838038494 2.05319162663775882187 1'
def ln(x):
    m, e = np.frexp(x); low = m <= 0.7071067811865476; m, e = np.where(low, m * 2, m), np.where(low, e - 1.0, e); s = (m - 1) / (m + 1)
    return e * 6.93147180369123816490e-1 + (2 * s * functools.reduce(lambda u, d: u * (s * s) + 1 / d, range(21, 0, -2), 1 / 23) + e * 1.90821492927058770002e-10)
def words(seed, stream, start, count):  # Philox4x32-10
    block, m, k0, k1 = np.arange(start // 4, (start + count + 3) // 4, dtype=U), U(2**32 - 1), seed % 2**32, seed >> 32
    a, b, c, d = block & m, block >> U(32), np.full_like(block, stream % 2**32), np.full_like(block, stream >> 32)
    for _ in range(10):
        p, r = U(0xD2511F53) * a, U(0xCD9E8D57) * c; a, b, c, d = r >> U(32) ^ b ^ U(k0), r & m, p >> U(32) ^ d ^ U(k1), p & m; k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return np.stack([a, b, c, d], 1).reshape(-1)[start % 4:][:count]
def weights(seed, stream, init, start, count):
    w, kind = words(seed, stream, start, count), init['kind']
    if kind != 'normal': return ((2.0 * (w >> U(8)) - 16777215) * 2.0**-24 * init['range']).astype(F) if kind == 'uniform' else np.where(w >> U(31) == 1, -F(init['magnitude']), F(init['magnitude']))
    q = (w + 0.5) * 2.0**-32 - 0.5; r = 0.180625 - q * q; s = np.sqrt(-ln(0.5 - np.abs(q))) - 1.6; v = horner(C, s) / horner(D, s)
    return (np.where(np.abs(q) <= 0.425, q * horner(A, r) / horner(B, r), np.where(q < 0, -v, v)) * init['std']).astype(F)
def unrange(raw, columns, start, context, size, within):  # context: the highest bits of so many that the seed says of a weight; within: which bits are coded
    nbits, cp, lp, lanes = raw[0] & 7, (4, 16, 64, 0)[raw[0] >> 3 & 3], (4, 16, 64, 0)[raw[0] >> 5 & 3], 8 if raw[0] & 128 else 1
    count = within.size; width = min(columns, 65536); per = min(65536, 2**21 // width) * width; chunks = -(-count // per); at = 4 * chunks - 3; out = np.zeros(count, np.uint8)
    for i in range(chunks):
        end = at + little(raw[1 + 4 * i:5 + 4 * i]) if i < chunks - 1 else len(raw); x = np.frombuffer(raw, '<u4', lanes, at).tolist(); at += 4 * lanes
        seen, ones, cols, expected, ratio = *np.zeros((2, 1 << nbits), int), *np.zeros((2, width), int), np.ones(width, F)
        for line in range(i * per, min(count, i * per + per), width):
            n = min(width, count - line); q = np.clip((ones * 4096 + 8 * start) // (seen + 8), 1, 4095); odds = (q / (4096 - q)).astype(F)
            contexts, got, hoped, r, then = context(line, n) >> size - nbits if nbits else np.zeros(n, int), 0, 0, F(1), F(1)
            for j in range(0, n, 8):
                k = np.flatnonzero(within[line + j:line + min(j + 8, n)]) + j; c = contexts[k]; y = np.zeros(len(c), int)
                o = odds[c] * ratio[k] * r
                for u, (t, p) in enumerate(zip((k % lanes).tolist(), np.clip((o / (F(1) + o) * F(4096)).astype(int), 1, 4095).tolist())):
                    s, high = x[t] & 4095, x[t] >> 12; y[u] = s < p; v = p * high + s if s < p else (4096 - p) * high + s - p
                    x[t], at = (v, at) if v > 65535 else (v << 16 | little(raw[at:at + 2]), at + 2)
                np.add.at(seen, c, 1); np.add.at(ones, c, y); got += int(y.sum()); hoped += int(q[c].sum()); out[line + k] = y; r, then = then, F((got + lp) * 4096) / F(hoped + lp * 4096) if lp else F(1)
                cols[k] += y; expected[k] += q[c]; ratio[k] = ((cols[k] + cp) * 4096).astype(F) / (expected[k] + cp * 4096).astype(F) if cp else 1
        assert at == end and x == [65536] * lanes, 'unsound coded mask'
    return out
def uint(stream): v = next(stream); return v if v < 128 else v - 128 + 128 * uint(stream)
def matrices(family, c):  # of version 4: names and shapes
    d, i, v, layers = c['width'], c['inner'], c['vocabulary'], range(c['layers']); square = lambda *names: [(name, d, d) for name in names]
    if family == 'gpt2': tables, of, layer = [('wte', v, d), ('wpe', c['positions'], d)], 'h', square('attn.q', 'attn.k', 'attn.v', 'attn.c_proj') + [('mlp.c_fc', d, i), ('mlp.c_proj', i, d)]
    if family == 'bert': tables, of, layer = [('embeddings.word', v, d), ('embeddings.position', c['positions'], d), ('embeddings.type', c['types'], d)], 'layer', square(*('attention.' + part for part in ('query', 'key', 'value', 'output'))) + [('intermediate', d, i), ('output', i, d)]
    if family == 'llama': h, k = c['heads'] * c['headWidth'], c['keyHeads'] * c['headWidth']; tables, of, layer = [('embed_tokens', v, d)], 'layers', [('self_attn.q_proj', d, h), ('self_attn.k_proj', d, k), ('self_attn.v_proj', d, k), ('self_attn.o_proj', h, d), ('mlp.gate_proj', d, i), ('mlp.up_proj', d, i), ('mlp.down_proj', i, d)]
    return tables + [(f'{of}.{l}.{name}', *shape) for l in layers for name, *shape in layer] + [('lm_head', v, d)] * (not c.get('tiedHead', True))
def packed(t, head, data, mask):  # of version 4: the matrices as older versions have them; puts the places of their parts into head
    inits = [{'kind': kind, {'uniform': 'range', 'normal': 'std', 'signed-constant': 'magnitude'}[kind]: x} for kind, all in t['initialisations'].items() for x in all]
    at, end = head[t['masks'][mask]['name'] + '.masks']['data_offsets']; index = iter(data[at:end]); found, names = [], []
    for i, (name, *shape) in enumerate(matrices(t['family'], t['config'])):
        flags = next(index); x = {'name': name, 'shape': shape, 'flags': flags, 'init': inits[uint(index)], 'stream': t.get('streams', {i: i})[i], 'scores': (t.get('scores', {i: 2**45 + i}) or {i: None})[i]}
        if 'sharedRow' in t['masks'][mask] and (i == 0 or name == 'lm_head'): x['shared'] = t['masks'][mask]['sharedRow']  # a row a token
        x |= {'rows': uint(index)} if flags & 128 else {}; x |= {'kept': uint(index), 'coats': [uint(index) for _ in range(flags & 15)]}; x |= {'inverted': uint(index)} if flags & 16 else {}
        if flags & 32: x['scale'] = np.frombuffer(bytes(next(index) for _ in range(4)), '<f4')[0]
        x['generations'] = uint(index) if flags & 64 else 0; found.append(x)
        names += [(f'{name}.{part}', uint(index)) for part in ['rows'] * (flags >> 7) + ['mask', *(f'coat.{j + 2}' for j in range(flags & 15))] + ['inverted'] * (flags >> 4 & 1) + ['generation'] * (flags >> 6 & 1)]
    at = end - len(list(index))
    for name, size in names: head[name] = {'data_offsets': [at, at + size]}; at += size
    assert at == end, 'parts do not fill the tensor'
    return found
def read(path, mask=0):  # yields name, mask, effective weights; of a pair (coordinate, second mask) and both matrices. mask: which of several
    data = open(path, 'rb').read(); n = 8 + little(data[:8]); head = json.loads(data[8:n]); text = head['__metadata__']['slt']; t = json.loads(text); data = data[n:]
    assert hashlib.sha256(text.encode() + data).hexdigest() == head['__metadata__']['slt.sha256'], 'wrong hash'
    seed, coding = int(t['seed']), 'bits' if t['version'] == '1' else t['coding']
    def raw(name): a, b = head[name]['data_offsets']; return zlib.decompress(data[a:b], -15) if coding == 'deflate' and b > a else data[a:b]
    def bits(b, count): return np.unpackbits(np.frombuffer(b, np.uint8), count=count, bitorder='little')
    def part(name, columns, ones, within, context=None, size=7):  # a mask within another
        if coding == 'range': count = max(1, int(within.sum())); return unrange(raw(name), columns, int(min(max((ones * 8192 + count) // (2 * count), 1), 4095)), context, size, within)
        out = np.zeros(within.size, np.uint8); out[within] = bits(raw(name), int(within.sum())); return out
    for x in packed(t, head, data, mask) if t['version'] == '4' else t.get('matrices', []):
        name, (rows, columns), g, scale = x['name'], x['shape'], x['generations'].bit_length(), F(x.get('scale', 1)); count = rows * columns
        def signed(start, size): w = words(seed, x['scores'], start, size); return (np.where(w >> U(31) == 1, w, ~w & U(2**31 - 1)) >> U(24)).astype(int)
        def magnitudes(start, size): return signed(start, size) & 127
        own = part(name + '.rows', 256, x['rows'], np.ones(rows, bool)).astype(bool) if 'rows' in x else np.ones(rows, bool); outer = np.repeat(own, columns)
        kept = coat = part(name + '.mask', columns, x['kept'], outer, magnitudes); k = kept.astype(F)
        for j, ones in enumerate(x.get('coats', [])): coat = part(f'{name}.coat.{j + 2}', columns, ones, coat.astype(bool), magnitudes); k += coat
        if 'inverted' in x: k[part(name + '.inverted', columns, x['inverted'], kept.astype(bool), signed, 8).astype(bool)] *= -1
        w = weights(seed, x['stream'], x['init'], 0, count) * scale * k + F(0); ages = bits(raw(name + '.generation'), x['kept'] * g).reshape(-1, g) @ (1 << np.arange(g)) if g else []
        for i, age in zip(np.flatnonzero(kept).tolist(), ages): w[i] = weights(seed, x['stream'] + int(age) * 2**20, x['init'], i, 1)[0] * scale * k[i]
        w = w.reshape(rows, columns); w[~own] = w[x.get('shared', ~own)]  # other rows are copies of the shared one
        yield name, kept.reshape(rows, columns), w
    for x in t.get('pairs', []):
        name, d1, h, d2 = x['name'], x['inputs'], x['hidden'], x['outputs']; size = d1.bit_length(); c = raw(name + '.coordinate')
        c = np.frombuffer(c, '<u2') if coding != 'range' else bits(c, h * size).reshape(h, size) @ (1 << np.arange(size)); second = part(name + '.second', d2, h * d2 / 2, np.ones(h * d2, bool)).reshape(h, d2)
        yield name, (c, second), [weights(seed, **x[k], start=0, count=m.size).reshape(m.shape) * m for k, m in (('first', np.arange(d1)[:, None] == c), ('second', second))]
for name, m in ((name, m) for name, _, w in (read(sys.argv[1]) if __name__ == '__main__' else []) for m in ([w] if isinstance(w, np.ndarray) else w)):
    if name in (sys.argv[2:] or [name]): print(name, *m.shape, np.count_nonzero(m), hashlib.sha256((m + F(0)).tobytes()).hexdigest())
