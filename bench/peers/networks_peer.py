"""A training step of the paper's other networks in PyTorch, on noise: gather the batch, forward,
loss, backward, Adam. Prints a JSON object.
"""

import argparse
import json
import statistics
import sys

import torch
from torch.nn import functional

import networks
from timing import times_ms
from torch_mapnet import device_name

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}

# network, shape of an input, classes, and what is predicted
NETS = {
    "cnn3": (networks.Cnn3, (3, 256, 256), 11, "pixels"),
    "lstm": (lambda classes: networks.Forecaster(), (24, 1), 1, "value"),
    "resnet18-cifar": (networks.resnet18_cifar, (3, 32, 32), 10, "class"),
    "resnet18": (networks.resnet18, (3, 224, 224), 1000, "class"),
    "resnet50": (networks.resnet50, (3, 224, 224), 1000, "class"),
}


def make_data(shape, classes, what, n, memory_format):
    x = torch.randn(n, *shape)
    if len(shape) == 3:
        x = x.contiguous(memory_format=memory_format)
    if what == "value":
        return x, torch.randn(n, 1)
    return x, torch.randint(classes, (n, *shape[1:]) if what == "pixels" else (n,))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", choices=NETS, default="lstm")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--memory-format", choices=FORMATS, default="channels_last")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    make, shape, classes, what = NETS[args.net]
    memory_format = FORMATS[args.memory_format]
    model = make(classes)
    if what != "value":
        model = model.to(memory_format=memory_format)
    x, y = make_data(shape, classes, what, 2 * args.batch, memory_format)
    adam = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)
    loss = functional.mse_loss if what == "value" else functional.cross_entropy

    def step():
        index = torch.randperm(len(x))[:args.batch]
        adam.zero_grad(set_to_none=True)
        loss(model(x[index]), y[index]).backward()
        adam.step()

    for _ in range(args.warmup):
        step()
    times = times_ms(step, args.steps, torch.device("cpu"))
    print(json.dumps({"peer": "pytorch", "torch": torch.__version__, "net": args.net,
                      "device": device_name(torch.device("cpu")), "threads": args.threads,
                      "batch": args.batch, "memory_format": args.memory_format,
                      "steps": args.steps, "ms_per_step": round(statistics.median(times), 4),
                      "ms_min": round(min(times), 4)}))


if __name__ == "__main__":
    sys.exit(main())
