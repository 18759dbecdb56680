"""Ten steps of edge-popup as the published code takes them (Ramanujan et al., CVPR 2020; hidden-networks): sorted
|scores|, a straight-through gradient, torch.optim.AdamW on the scores."""
import numpy as np
import torch

import gpt2

STEPS = 10
KEEP = 0.3
ADAMW = {"lr": 1e-2, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.1}
FARTHEST = 1e-6  # how far float32 may stray from float64 in ten steps
GAP = 1e-5  # least distance of the |scores| on the two sides of a threshold


class Subnet(torch.autograd.Function):
    """|scores| -> mask of the largest; the gradient passes straight through."""

    @staticmethod
    def forward(ctx, magnitudes, keep):
        order = magnitudes.flatten().argsort()
        dropped = int((1 - keep) * magnitudes.numel())
        mask = torch.ones(magnitudes.numel(), dtype=magnitudes.dtype)
        mask[order[:dropped]] = 0
        return mask.view_as(magnitudes)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def threshold_gap(scores):
    """Distance between the smallest |score| kept and the largest dropped."""
    magnitudes = scores.detach().abs().flatten().sort().values
    dropped = int((1 - KEEP) * magnitudes.numel())
    return (magnitudes[dropped] - magnitudes[dropped - 1]).item()


def run(c, weights, start, tokens, targets, dtype):
    """-> losses [steps], scores and masks after each step, the smallest gap at a threshold"""
    w = {name: torch.from_numpy(each).to(dtype) for name, each in weights.items()}
    scores = {name: torch.from_numpy(each.copy()).to(dtype).requires_grad_() for name, each in start.items()}
    batches = [torch.from_numpy(each).long() for each in (tokens, targets)]
    optimizer = torch.optim.AdamW(scores.values(), **ADAMW, foreach=False)
    losses, steps = [], []
    gap = min(map(threshold_gap, scores.values()))
    for batch in zip(*batches):
        effective = {name: w[name] * Subnet.apply(scores[name].abs(), KEEP) for name in w}
        loss = gpt2.loss(c, effective, *batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        masks = {name: Subnet.apply(each.detach().abs(), KEEP).numpy() for name, each in scores.items()}
        steps.append({name: (each.detach().numpy().copy(), masks[name]) for name, each in scores.items()})
        gap = min(gap, *map(threshold_gap, scores.values()))
    return losses, steps, gap


def search(c, random_weights, random_batch):
    """The first seed whose thresholds are so clear that no rounding could move a weight across one."""
    for seed in range(20260000, 20261000):
        rng = np.random.default_rng(seed)
        weights = {name: each / np.float32(np.sqrt(KEEP)) for name, each in random_weights(rng, c, "plain").items()}
        start = {
            name: (rng.uniform(-1, 1, each.shape) / np.sqrt(gpt2.fan_in(name, each.shape))).astype("<f4")
            for name, each in weights.items()
        }
        tokens, targets = random_batch(rng, c, STEPS, 2, 8)
        losses, steps, gap = run(c, weights, start, tokens, targets, torch.float32)
        if gap < GAP:
            continue
        _, exact, _ = run(c, weights, start, tokens, targets, torch.float64)
        strayed = max(np.abs(a[n][0] - b[n][0]).max() for a, b in zip(steps, exact) for n in weights)
        if strayed < FARTHEST:
            break
    else:
        raise AssertionError("no seed with clear thresholds")
    assert all(np.array_equal(a[n][1], b[n][1]) for a, b in zip(steps, exact) for n in weights)
    tensors = {**weights, "tokens": tokens, "targets": targets}
    tensors |= {f"scores.0.{name}": each for name, each in start.items()}
    for i, step in enumerate(steps, 1):
        tensors |= {f"scores.{i}.{name}": scores for name, (scores, _) in step.items()}
        tensors |= {
            f"mask.{i}.{name}": np.packbits(mask.flatten() != 0, bitorder="little") for name, (_, mask) in step.items()
        }
    flips = [sum((a[n][1] != b[n][1]).sum().item() for n in weights) for a, b in zip(steps, steps[1:])]
    metadata = {"config": c, "keep": KEEP, "adamw": ADAMW, "seed": seed, "losses": losses, "gap": gap, "flips": flips}
    return tensors, metadata | {"strayed": float(strayed)}
