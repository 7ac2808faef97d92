"""The PyTorch peer of mapnet: the same networks, data and step, as a good PyTorch user writes them.

A step is: gather the batch, forward, backward, Adam. With --strategy slvt the weights are
theta = scale * (W z), W [P, d] dense with orthonormal columns, and only z is trained. Prints one
JSON object.
"""

import argparse
import gzip
import json
import math
import platform
import statistics
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy


def cnn1():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(),
        nn.Conv2d(128, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1152, 256), nn.ReLU(), nn.Linear(256, 10))


def cnn2():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 128), nn.ReLU(), nn.Linear(128, 10))


NETS = {"cnn1": (cnn1, 537_994), "cnn2": (cnn2, 108_618)}
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class Mapped(nn.Module):
    """A network whose parameters are all generated from one trained latent vector z [d]."""

    def __init__(self, net, d, memory_format, orthonormal, seed):
        super().__init__()
        self.shapes = {name: p.shape for name, p in net.named_parameters()}
        self.sizes = [shape.numel() for shape in self.shapes.values()]
        self.memory_format = memory_format
        self.net = [net.requires_grad_(False)]  # in a list: its own weights are not ours to train
        n_params = sum(self.sizes)
        generator = torch.Generator().manual_seed(seed)
        # Column-major, as LAPACK returns Q: products with it are a fifth faster than row-major.
        mapping = torch.randn(d, n_params, generator=generator).T
        # The scaled Gaussian costs the same a step; its columns are only nearly orthonormal.
        mapping = torch.linalg.qr(mapping).Q if orthonormal else mapping.div_(math.sqrt(n_params))
        self.register_buffer("mapping", mapping)
        # (W z)_j has variance d / P for z ~ N(0, 1); He's initialisation wants 2 / fan_in. A bias
        # takes the fan-in of the weight before it.
        fan_in = [p[0].numel() for p in net.parameters() if p.dim() > 1 for _ in ("weight", "bias")]
        he = [math.sqrt(n_params / d * 2 / n) for n in fan_in]
        self.register_buffer("scale", torch.tensor(he).repeat_interleave(torch.tensor(self.sizes)))
        self.z = nn.Parameter(torch.randn(d, generator=generator))

    def theta(self):
        return self.scale * (self.mapping @ self.z)

    def forward(self, x):
        weights = {}
        for (name, shape), flat in zip(self.shapes.items(), self.theta().split(self.sizes)):
            weight = flat.view(shape)
            if weight.dim() == 4:
                weight = weight.contiguous(memory_format=self.memory_format)
            weights[name] = weight
        return torch.func.functional_call(self.net[0], weights, (x,))


def read_idx(path, header):
    content = bytearray(gzip.decompress(path.read_bytes())[header:])
    return torch.frombuffer(content, dtype=torch.uint8)


def load(folder, split, memory_format):
    images = read_idx(folder / f"{split}-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28).float()
    labels = read_idx(folder / f"{split}-labels-idx1-ubyte.gz", 8).long()
    images.div_(255).sub_(0.2860).div_(0.3530)  # FashionMNIST's mean and deviation
    return images.contiguous(memory_format=memory_format), labels


def elapsed_ms(action):
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def mapping_ms(model, repeats=20):
    """The mapping alone, forward and backward, at its least disturbed."""
    dtheta = torch.randn_like(model.scale)
    return min(elapsed_ms(lambda: torch.autograd.grad(model.theta(), model.z, dtheta))
               for _ in range(repeats))


@torch.no_grad()
def accuracy(model, images, labels):
    model.eval()
    batches = zip(images.split(1000), labels.split(1000))
    correct = sum((model(x).argmax(1) == y).sum().item() for x, y in batches)
    model.train()
    return 100 * correct / len(labels)


def device_name():
    info = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    return names[0] if names else platform.processor()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", choices=NETS, default="cnn2")
    parser.add_argument("--strategy", choices=["direct", "slvt"], default="direct")
    parser.add_argument("--latent", type=int, default=2048)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, default=200, help="timed, after --warmup untimed ones")
    length.add_argument("--epochs", type=int, help="instead: train whole epochs, then evaluate")
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory-format", choices=FORMATS, default="channels_last")
    parser.add_argument("--optimizer", choices=["forloop", "foreach", "fused"], default="fused")
    parser.add_argument("--compile", action="store_true", help="torch.compile the loss")
    parser.add_argument("--fast-map", action="store_true", help="a scaled Gaussian, without the QR")
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"),
                        help="folder of IDX .gz files; Debian's dataset-fashion-mnist by default")
    return parser.parse_args()


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    memory_format = FORMATS[args.memory_format]

    build, n_params = NETS[args.net]
    model = build().to(memory_format=memory_format)
    assert sum(p.numel() for p in model.parameters()) == n_params
    if args.strategy == "slvt":
        model = Mapped(model, args.latent, memory_format, not args.fast_map, args.seed)
    adam = torch.optim.Adam(model.parameters(), lr=args.lr, foreach=args.optimizer == "foreach",
                            fused=args.optimizer == "fused")
    images, labels = load(args.data, "train", memory_format)
    steps_per_epoch = math.ceil(len(images) / args.batch)

    def loss_of(x, y):
        return cross_entropy(model(x), y)

    if args.compile:
        loss_of = torch.compile(loss_of)

    def batches():
        while True:
            order = torch.randperm(len(images))
            yield from order.split(args.batch)

    def step(index):
        adam.zero_grad(set_to_none=True)
        loss_of(images[index], labels[index]).backward()
        adam.step()

    indices = batches()
    warmup, steps = args.warmup, args.steps
    if args.epochs:
        warmup, steps = 0, args.epochs * steps_per_epoch
    for _ in range(warmup):
        step(next(indices))
    times = [elapsed_ms(lambda: step(next(indices))) for _ in range(steps)]

    tenths = statistics.quantiles(times, n=10)
    result = {
        "peer": "pytorch", "torch": torch.__version__, "device": device_name(),
        "threads": args.threads, "net": args.net, "strategy": args.strategy, "batch": args.batch,
        "memory_format": args.memory_format, "optimizer": args.optimizer, "compile": args.compile,
        "steps": steps, "ms_per_step": statistics.median(times), "ms_min": min(times),
        "ms_p10": tenths[0], "ms_p90": tenths[-1],
        # From the median, so that a neighbour's burst of work is not charged to the peer.
        "seconds_per_epoch": statistics.median(times) * steps_per_epoch / 1e3,
    }
    if args.strategy == "slvt":
        result["latent"] = args.latent
        result["fast_map"] = args.fast_map
        result["mapping_ms"] = mapping_ms(model)
        result["mapping_share"] = result["mapping_ms"] / result["ms_min"]
    if args.epochs:
        result["epochs"] = args.epochs
        result["seconds"] = sum(times) / 1e3
        result["test_accuracy"] = accuracy(model, *load(args.data, "t10k", memory_format))
    print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in result.items()}))


if __name__ == "__main__":
    main()
