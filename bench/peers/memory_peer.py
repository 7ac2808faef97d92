"""What a training step takes of memory in PyTorch, on noise: peak resident memory less what PyTorch
itself takes, a few small steps into its life. Compared with `mapnet plan` in docs/memory.md.
Prints a JSON object.
"""

import argparse
import json
import re
import sys

import torch
from torch.nn.functional import cross_entropy, mse_loss

import models
from networks_peer import NETS, make_data

DIGITS = {name: (lambda make=make: make[0](), (1, 28, 28), 10, "class")
          for name, make in models.NETS.items()}


def resident(key):
    return int(re.search(key + r":\s+(\d+) kB", open("/proc/self/status").read())[1]) * 1024


def train(model, x, y, steps):
    loss = mse_loss if y.is_floating_point() else cross_entropy
    adam = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True)
    for _ in range(steps):
        adam.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        adam.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", choices=[*DIGITS, *NETS], default="cnn2")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--latent", type=int, default=0, help="of a dense map; 0: direct")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    train(torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
                              torch.nn.Flatten(), torch.nn.Linear(288, 4)),
          torch.randn(2, 3, 8, 8), torch.randint(4, (2,)), 2)
    before = resident("VmRSS")
    make, shape, classes, what = {**DIGITS, **NETS}[args.net]
    model = make() if args.net in DIGITS else make(classes)
    if what != "value":
        model = model.to(memory_format=torch.channels_last)
    if args.latent:
        model = models.Mapped(model, args.latent, torch.channels_last, False, 1,
                              torch.device("cpu"))
    x, y = make_data(shape, classes, what, args.batch, torch.channels_last)
    train(model, x, y, 3)
    print(json.dumps({"peer": "pytorch", "torch": torch.__version__, "net": args.net,
                      "batch": args.batch, "latent": args.latent, "threads": args.threads,
                      "step_bytes": resident("VmHWM") - before, "torch_bytes": before}))


if __name__ == "__main__":
    sys.exit(main())
