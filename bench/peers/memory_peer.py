"""What a training step takes of memory in PyTorch, on noise: peak resident memory less what PyTorch
itself takes, a few small steps into its life. Compared with `mapnet plan` in docs/memory.md.
Prints a JSON object. A dense map that the machine has no memory for is refused before it is made.
"""

import argparse
import json
import re
import subprocess
import sys

import torch
from torch.nn.functional import cross_entropy, mse_loss

import models
from networks_peer import NETS, make_data

DIGITS = {name: (lambda make=make: make[0](), (1, 28, 28), 10, "class")
          for name, make in models.NETS.items()}


MARGIN = 1 << 30  # for the rest of the machine


def kernel_bytes(file, key):
    return int(re.search(key + r":\s+(\d+) kB", open(file).read())[1]) * 1024


def resident(key):
    return kernel_bytes("/proc/self/status", key)


def direct_step(args):
    """What a step of the same network without a map takes, in a process of its own."""
    command = [sys.executable, __file__, "--net", args.net, "--batch", str(args.batch),
               "--threads", str(args.threads)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["step_bytes"]


def require_memory(n_params, args):
    needed = 4 * n_params * args.latent + direct_step(args) + MARGIN
    available = kernel_bytes("/proc/meminfo", "MemAvailable")
    if needed > available:
        sys.exit(f"{args.net}: W of {n_params} x {args.latent} and a step need "
                 f"{needed / 2**30:.1f} GiB, {available / 2**30:.1f} GiB are available")


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
        require_memory(sum(p.numel() for p in model.parameters()), args)
        model = models.Mapped(model, args.latent, torch.channels_last, False, 1,
                              torch.device("cpu"))
    x, y = make_data(shape, classes, what, args.batch, torch.channels_last)
    train(model, x, y, 3)
    print(json.dumps({"peer": "pytorch", "torch": torch.__version__, "net": args.net,
                      "batch": args.batch, "latent": args.latent, "threads": args.threads,
                      "step_bytes": resident("VmHWM") - before, "torch_bytes": before}))


if __name__ == "__main__":
    sys.exit(main())
