"""The peer of `npm run bench -- search`: a GPT-2 without biases in PyTorch, found by edge-popup or trained densely.

Edge-popup as its authors published it (Ramanujan et al., "What's Hidden in a Randomly Weighted Neural Network?", CVPR
2020, repository hidden-networks): scores beside fixed weights in every layer, a mask from the sorted |scores|, a gradient
that passes straight through the mask. The model is ours to the last operation (src/families/gpt2/loss.ts), in the fastest
form that PyTorch has for it: scaled_dot_product_attention, layer_norm, cross_entropy, fused AdamW. It computes in float32, or in
bfloat16 by torch.autocast, where weights, scores and AdamW stay float32.

    python3 bench/peers/pytorch.py --mode edge-popup --steps 10      one line of JSON
    python3 bench/peers/pytorch.py --verify test/vectors/pytorch     compares losses with the vectors; exit code 1 if wrong
"""
import argparse
import itertools
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ModuleNotFoundError:
    sys.exit(print(json.dumps({"missing": "torch"})))


class Subnet(torch.autograd.Function):
    """|scores| -> mask of the n - floor((1 - keep) n) largest, by sorting; the gradient passes straight through."""

    @staticmethod
    def forward(ctx, magnitudes, keep):
        flat = magnitudes.flatten()
        _, order = flat.sort()
        dropped = int((1 - keep) * flat.numel())
        mask = torch.empty_like(flat)
        mask[order[:dropped]] = 0
        mask[order[dropped:]] = 1
        return mask.view_as(magnitudes)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class KthValueSubnet(Subnet):
    """The same mask by selection instead of sorting, which the published code does not do."""

    @staticmethod
    def forward(ctx, magnitudes, keep):
        dropped = int((1 - keep) * magnitudes.numel())
        if dropped == 0:
            return torch.ones_like(magnitudes)
        return (magnitudes > magnitudes.flatten().kthvalue(dropped).values).to(magnitudes.dtype)


class Weight(nn.Module):
    """A matrix [rows, columns]: trained itself, or fixed under a mask that its scores choose."""

    def __init__(self, rows, columns, std, options):
        super().__init__()
        self.subnet = {"edge-popup": Subnet, "edge-popup-kthvalue": KthValueSubnet, "dense": None}[options.mode]
        self.keep = options.keep
        self.weight = nn.Parameter(torch.randn(rows, columns) * std, requires_grad=self.subnet is None)
        if self.subnet is not None:
            self.scores = nn.Parameter(torch.empty(rows, columns).uniform_(-1, 1) / columns**0.5)

    def forward(self):
        if self.subnet is None:
            return self.weight
        return self.weight * self.subnet.apply(self.scores.abs(), self.keep)


class Block(nn.Module):
    def __init__(self, o):
        super().__init__()
        d, std = o.width, (o.keep if o.mode != "dense" else 1) ** -0.5
        last = std / (2 * o.layers) ** 0.5
        self.options = o
        self.q, self.k, self.v = (Weight(d, d, std * d**-0.5, o) for _ in range(3))
        self.c_proj = Weight(d, d, last * d**-0.5, o)
        self.c_fc = Weight(o.inner, d, std * d**-0.5, o)
        self.mlp_proj = Weight(d, o.inner, last * o.inner**-0.5, o)

    def forward(self, x):
        o = self.options
        B, T, d = x.shape
        y = F.layer_norm(x, (d,), eps=o.epsilon)
        q, k, v = (F.linear(y, w()).view(B, T, o.heads, -1).transpose(1, 2) for w in (self.q, self.k, self.v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + F.linear(mixed.transpose(1, 2).reshape(B, T, d), self.c_proj())
        hidden = F.linear(F.layer_norm(x, (d,), eps=o.epsilon), self.c_fc())
        hidden = F.relu(hidden) if o.activation == "relu" else F.gelu(hidden, approximate=o.approximate)
        return x + F.linear(hidden, self.mlp_proj())


class Gpt2(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.options = o
        o.approximate = "tanh" if o.activation == "gelu_new" else "none"
        std = (o.width * (o.keep if o.mode != "dense" else 1)) ** -0.5
        self.wte = Weight(o.vocabulary, o.width, std, o)
        self.wpe = Weight(o.positions, o.width, std, o)
        self.blocks = nn.ModuleList(Block(o) for _ in range(o.layers))
        self.lm_head = None if o.tied else Weight(o.vocabulary, o.width, std, o)

    def forward(self, tokens, targets):
        table = self.wte()
        x = F.embedding(tokens, table) + self.wpe()[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        x = F.layer_norm(x, (self.options.width,), eps=self.options.epsilon)
        logits = F.linear(x, table if self.lm_head is None else self.lm_head())
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def adamw(model, **settings):
    parameters = [each for each in model.parameters() if each.requires_grad]
    try:
        return torch.optim.AdamW(parameters, fused=True, **settings), "fused"
    except (RuntimeError, TypeError):
        return torch.optim.AdamW(parameters, foreach=True, **settings), "foreach"


def loss_of(model, tokens, targets, dtype):
    """The loss, with the products under autocast where the dtype is bfloat16."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == "bfloat16"):
        return model(tokens, targets)


def step_of(model, optimizer, dtype):
    def step(tokens, targets):
        loss = loss_of(model, tokens, targets, dtype)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def gemm_rate(dtype, side=1024, runs=20):
    """GFLOP/s of a product of two square matrices of this dtype: the median of a few."""
    a, b, out = (torch.randn(side, side).to(getattr(torch, dtype)) for _ in range(3))
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        torch.mm(a, b, out=out)
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 / statistics.median(seconds) / 1e9


def batches(o):
    """Endless batches of a text in which each token leaves four choices for the next."""
    random = torch.Generator().manual_seed(o.seed)
    while True:
        words = [torch.randint(o.vocabulary, (o.batch,), generator=random)]
        choices = torch.randint(4, (o.length, o.batch), generator=random)
        for choice in choices:
            words.append((words[-1] * 5 + choice) % o.vocabulary)
        text = torch.stack(words, 1)
        yield text[:, :-1].contiguous(), text[:, 1:].contiguous()


def trainer(o):
    """-> run(steps): seconds and losses of further steps; report(): what is known of the whole"""
    imported = peak_bytes()
    torch.manual_seed(o.seed)
    model = Gpt2(o)
    optimizer, kind = adamw(model, lr=1e-2 if o.mode != "dense" else 1e-3, betas=(0.9, 0.999), weight_decay=0.01)
    step = step_of(torch.compile(model) if o.compile else model, optimizer, o.dtype)
    source = batches(o)

    def run(steps):
        seconds, losses = [], []
        for _ in range(steps):
            batch = next(source)
            started = time.perf_counter()
            losses.append(step(*batch))
            seconds.append(time.perf_counter() - started)
        return {"seconds": seconds, "losses": losses}

    def report():
        return {
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "adamw": kind,
            "compile": o.compile,
            "mode": o.mode,
            "dtype": o.dtype,
            "importBytes": imported,
            "peakBytes": peak_bytes(),
            "gemm": gemm_rate(o.dtype),  # after the peak is read
        }

    return run, report


def peak_bytes():
    """High-water mark of this process's resident memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def once(o):
    run, report = trainer(o)
    warm, timed = run(o.warm_up), run(o.steps)
    losses = warm["losses"] + timed["losses"]
    rate = o.batch * o.length / statistics.median(timed["seconds"])
    found = {"tokensPerSecond": rate, "seconds": timed["seconds"], "warmUpSeconds": warm["seconds"]}
    print(json.dumps(report() | found | {"firstLoss": losses[0], "lastLoss": losses[-1]}))


def serve(o):
    """Each line of the input is a number of steps, answered by a line of JSON; at its end comes the report."""
    run, report = trainer(o)
    for line in sys.stdin:
        print(json.dumps(run(int(line))), flush=True)
    print(json.dumps(report()), flush=True)


def fill(model, tensors, prefix=""):
    """Sets every weight (or, with the prefix of a step, every score) from vectors stored [in, out]."""
    names = {"wte": "wte", "wpe": "wpe", "lm_head": "lm_head"}
    for i in range(len(model.blocks)):
        names |= {f"blocks.{i}.{part}": f"h.{i}.attn.{part}" for part in ("q", "k", "v", "c_proj")}
        names |= {f"blocks.{i}.c_fc": f"h.{i}.mlp.c_fc", f"blocks.{i}.mlp_proj": f"h.{i}.mlp.c_proj"}
    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, Weight):
                values = torch.from_numpy(tensors[prefix + names[name]].copy())
                target = module.scores if prefix else module.weight
                target.copy_(values.T if name.startswith("blocks") else values)


# Steps of edge-popup that are compared with the vectors, and the limit of a loss's difference from them. bfloat16 has 8
# significant bits: its losses differ by 0.009 at most in two steps, and by 0.14 in ten, since other weights are kept by then.
CHECKS = {"float32": (10, 1e-5), "bfloat16": (2, 0.02)}


def verify(o):
    """The peer computes what the vectors say: losses of GPT-2s, and of ten steps of edge-popup, in each dtype."""
    sys.path.insert(0, o.verify)
    sys.dont_write_bytecode = True
    import container

    folder, worst = Path(o.verify), dict.fromkeys(CHECKS, 0)
    for name in ("gpt2-relu", "gpt2-gelu-new", "gpt2-untied-head", "gpt2-long-context", "edge-popup"):
        tensors, metadata = container.read(folder / f"{name}.safetensors")
        c = metadata["config"]
        o.layers, o.width, o.heads, o.inner = c["layers"], c["width"], c["heads"], c["inner"]
        o.positions, o.vocabulary, o.tied = c["positions"], c["vocabulary"], c["tiedHead"]
        o.activation, o.epsilon = c["activation"], c["layerNormEpsilon"]
        batch = [torch.from_numpy(tensors[each].copy()).long() for each in ("tokens", "targets")]
        modes = ("dense",) if "loss" in metadata else ("edge-popup", "edge-popup-kthvalue")
        for o.mode, dtype in itertools.product(modes, CHECKS):
            steps, _ = CHECKS[dtype]
            o.keep = metadata.get("keep", 1)
            model = Gpt2(o)
            fill(model, tensors)
            if o.mode == "dense":
                differences = [abs(loss_of(model, *batch, dtype).item() - metadata["loss"])]
            else:
                fill(model, tensors, "scores.0.")
                step = step_of(model, adamw(model, **metadata["adamw"])[0], dtype)
                differences = [abs(step(*each) - loss) for *each, loss in zip(*batch, metadata["losses"][:steps])]
            worst[dtype] = max(worst[dtype], *differences)
    verified = all(worst[dtype] < limit for dtype, (_, limit) in CHECKS.items())
    print(json.dumps({"verified": verified, "largestDifference": worst, "torch": torch.__version__}))
    return verified


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=["edge-popup", "edge-popup-kthvalue", "dense"], default="edge-popup")
    sizes = {"layers": 4, "width": 256, "heads": 4, "length": 256, "batch": 8, "vocabulary": 2048}
    for name, size in (sizes | {"steps": 10, "warm-up": 3, "threads": os.cpu_count(), "seed": 1}).items():
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--keep", type=float, default=0.3)
    parser.add_argument("--activation", choices=["relu", "gelu_new", "gelu"], default="relu")
    parser.add_argument("--dtype", choices=list(CHECKS), default="float32", help="bfloat16: by torch.autocast")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model; needs a C++ compiler")
    parser.add_argument("--verify", metavar="FOLDER")
    parser.add_argument("--serve", action="store_true", help="read numbers of steps from stdin")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    if o.verify is not None:
        sys.exit(0 if verify(o) else 1)
    o.inner, o.positions, o.tied, o.epsilon = 4 * o.width, o.length, True, 1e-5
    (serve if o.serve else once)(o)


if __name__ == "__main__":
    main()
