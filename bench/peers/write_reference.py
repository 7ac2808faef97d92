"""Writes tests/nets/pytorch_outputs.json: what PyTorch makes of networks with given weights.

Weights and inputs are a hash of their place, so that the file holds outputs alone and the test
makes the same weights by itself. For each network, computed in double: outputs of an evaluation, and
of a training pass with its running statistics and the gradient of sum(output * weight) by a hash
again, as sums and a few values, each with what PyTorch's float32 makes of it. Run through `$(bench/peers/setup) bench/peers/write_reference.py`.
"""

import json
import math
from pathlib import Path

import torch

import networks

MASK = 0xFFFFFFFF


def uniform(n, stream):
    """n values in [-1, 1): a multiplicative hash of (stream, index), exact in float32."""
    h = torch.arange(n, dtype=torch.int64) + stream * 0x9E3779B9
    h &= MASK
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h ^= h >> shift
        h = (h * factor) & MASK
    h ^= h >> 16
    return ((h >> 8).double() / (1 << 23) - 1).float()


def fill(model):
    """Every tensor from its place in the state dict, without the counts of batches."""
    tensors = [(n, t) for n, t in model.state_dict().items() if not n.endswith("num_batches_tracked")]
    for stream, (name, t) in enumerate(tensors, 1):
        u = uniform(t.numel(), stream).view(t.shape)
        if name.endswith("running_var"):
            value = 1 + u / 2
        elif t.dim() > 1:
            value = u * math.sqrt(3 * 2 / t[0].numel())
        elif name.split(".")[-2].startswith("bn") or ".downsample.1." in name:
            value = 1 + u / 2 if name.endswith("weight") else u / 4
        else:
            value = u / 4
        t.copy_(value)


CASES = [
    ("resnet18-cifar", networks.resnet18_cifar(10), (2, 3, 32, 32)),
    ("resnet18", networks.resnet18(10), (2, 3, 64, 64)),
    ("resnet50", networks.resnet50(10), (4, 3, 64, 64)),
    ("cnn3", networks.Cnn3(5), (2, 3, 16, 24)),
    ("lstm", networks.Forecaster(), (3, 6, 1)),
    ("lstm-1x32", networks.Forecaster(67, 32, 1), (3, 6, 67)),
]


def summary(t):
    """The sum, the sum of squares and 64 values spread over a tensor."""
    flat = t.detach().flatten()
    step = max(1, flat.numel() // 64)
    return {"size": flat.numel(), "sum": flat.sum().item(), "squares": flat.square().sum().item(),
            "step": step, "values": [float(f"{v:.9g}") for v in flat[::step][:64].tolist()]}


def passes(model, shape, dtype):
    """Outputs of an evaluation and of training, gradients and running statistics, each flat."""
    with torch.no_grad():
        fill(model)
    model.to(dtype)  # of weights that float32 holds: double is what roundings are measured against
    x = uniform(math.prod(shape), 1000).view(shape).to(dtype)
    model.eval()
    with torch.no_grad():
        evaluated = model(x)
    model.train()
    out = model(x)
    model.zero_grad()
    (out * uniform(out.numel(), 1001).view(out.shape).to(dtype)).sum().backward()
    gradients = torch.cat([p.grad.flatten() for p in model.parameters()])
    state = [b for n, b in model.named_buffers() if not n.endswith("num_batches_tracked")]
    state = torch.cat([b.flatten() for b in state]) if state else torch.zeros(0)
    found = {"evaluated": evaluated, "trained": out, "gradient": gradients, "state": state}
    return {what: t.detach().flatten().double() for what, t in found.items()}


def describe(name, model, shape):
    rounded, exact = passes(model, shape, torch.float32), passes(model, shape, torch.float64)
    result = {"net": name, "input": list(shape), "outputs": exact["trained"].numel()
              // math.prod((shape[0], *shape[2:]) if name == "cnn3" else shape[:1]),
              "parameters": sum(p.numel() for p in model.parameters())}
    for what, t in exact.items():
        if t.numel() > 0:
            # How far PyTorch's own float32 is off, of the root mean square.
            off = (rounded[what] - t).square().mean().sqrt() / t.square().mean().sqrt()
            result[what] = summary(t) | {"float32_off": float(f"{off:.3g}")}
    return result


def main():
    torch.set_num_threads(2)
    cases = [describe(*case) for case in CASES]
    path = Path(__file__).resolve().parents[2] / "tests" / "nets" / "pytorch_outputs.json"
    path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}, indent=1) + "\n")
    print(f"{path}: {len(cases)} networks")


if __name__ == "__main__":
    main()
