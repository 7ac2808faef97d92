"""The PyTorch peer of mapnet: the same networks, data and step, as a good PyTorch user writes them.

A step is: gather the batch, forward, backward, Adam. With --strategy slvt the weights are
theta = scale * (W z), W [P, d] dense with orthonormal columns, and only z is trained. The data set
lies on the device. Prints a JSON object a line for each --batch and --tf32; one that fails has an
"error", and the program then ends with 1.
"""

import argparse
import gzip
import itertools
import json
import math
import platform
import statistics
import sys
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from models import FORMATS, NETS, build
from timing import captured, times_ms

MODES = {
    "eager": "as written",
    "compile": "the loss through torch.compile",
    "graph": "the whole step, from gather to Adam, captured in a CUDA graph and replayed",
    "compile-graph": "the same with the loss compiled",
}


def read_idx(path, header):
    content = bytearray(gzip.decompress(path.read_bytes())[header:])
    return torch.frombuffer(content, dtype=torch.uint8)


def load(folder, split, memory_format, device):
    images = read_idx(folder / f"{split}-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28).float()
    labels = read_idx(folder / f"{split}-labels-idx1-ubyte.gz", 8).long()
    images.div_(255).sub_(0.2860).div_(0.3530)  # FashionMNIST's mean and deviation
    return (images.to(device).contiguous(memory_format=FORMATS[memory_format]), labels.to(device))


def mapping_ms(model, device, repeats=20):
    """The mapping alone, forward and backward, at its least disturbed."""
    dtheta = torch.randn_like(model.scale)
    return min(times_ms(lambda: torch.autograd.grad(model.theta(), model.z, dtheta), repeats,
                        device))


@torch.no_grad()
def accuracy(model, images, labels):
    model.eval()
    batches = zip(images.split(1000), labels.split(1000))
    correct = sum((model(x).argmax(1) == y).sum().item() for x, y in batches)
    model.train()
    return 100 * correct / len(labels)


def device_name(device):
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    return names[0] if names else platform.processor()


def set_tf32(on):
    # Both, always: by themselves convolutions take TF32 and products do not.
    torch.backends.cuda.matmul.allow_tf32 = on
    torch.backends.cudnn.allow_tf32 = on


def make_step(model, adam, images, labels, args, batch):
    """A function of a batch's indices that trains one step."""
    def loss_of(x, y):
        return cross_entropy(model(x), y)

    if args.mode in ("compile", "compile-graph"):
        kind = args.compile_mode
        # Compiled code that replays graphs of its own cannot be captured in another.
        if kind is None and args.device.type == "cuda":
            kind = "reduce-overhead" if args.mode == "compile" else "max-autotune-no-cudagraphs"
        torch.compiler.reset()  # a second batch size is a new program, not a dynamic shape
        loss_of = torch.compile(loss_of, mode=kind, dynamic=False)

    def step(index):
        adam.zero_grad(set_to_none=True)
        loss_of(images[index], labels[index]).backward()
        adam.step()

    return capture(step, batch, args.device) if args.mode.endswith("graph") else step


def capture(step, batch, device):
    """The step recorded once; a call copies its indices to where the record reads them."""
    static_index = torch.arange(batch, device=device)
    graph = captured(lambda: step(static_index))

    def replay(index):
        static_index.copy_(index)
        graph.replay()

    return replay


def batches(n, batch, args):
    # What is compiled or captured for one shape gets no short batch at an epoch's end.
    whole = args.mode != "eager"
    while True:
        order = torch.randperm(n, device=args.device)
        yield from (order[:n - n % batch] if whole else order).split(batch)


def run(args, images, labels, batch, tf32):
    set_tf32(tf32 == "on")
    torch.manual_seed(args.seed)
    model = build(args.net, args.strategy, args.latent, args.memory_format, args.fast_map,
                  args.seed, args.device)
    graph = {"capturable": True} if args.mode.endswith("graph") else {}
    adam = torch.optim.Adam(model.parameters(), lr=args.lr, foreach=args.optimizer == "foreach",
                            fused=args.optimizer == "fused", **graph)
    step = make_step(model, adam, images, labels, args, batch)
    steps_per_epoch = math.ceil(len(images) / batch)
    indices = batches(len(images), batch, args)
    warmup, steps = args.warmup, args.steps
    if args.epochs:
        warmup, steps = 0, args.epochs * steps_per_epoch
    for _ in range(warmup):
        step(next(indices))
    times = times_ms(lambda: step(next(indices)), steps, args.device)

    tenths = statistics.quantiles(times, n=10)
    result = {
        "peer": "pytorch", "torch": torch.__version__, "device": device_name(args.device),
        "threads": args.threads, "net": args.net, "strategy": args.strategy, "batch": batch,
        "memory_format": args.memory_format, "optimizer": args.optimizer, "mode": args.mode,
        "steps": steps, "ms_per_step": statistics.median(times), "ms_min": min(times),
        "ms_p10": tenths[0], "ms_p90": tenths[-1],
        # From the median, so that a neighbour's burst of work is not charged to the peer.
        "seconds_per_epoch": statistics.median(times) * steps_per_epoch / 1e3,
    }
    if args.device.type == "cuda":
        result |= {"tf32": tf32, "cuda": torch.version.cuda,
                   "cudnn": torch.backends.cudnn.version()}
    if args.strategy == "slvt":
        result["latent"] = args.latent
        result["fast_map"] = args.fast_map
        result["mapping_ms"] = mapping_ms(model, args.device)
        result["mapping_share"] = result["mapping_ms"] / result["ms_min"]
    if args.epochs:
        result["epochs"] = args.epochs
        result["seconds"] = sum(times) / 1e3
        test = load(args.data, "t10k", args.memory_format, args.device)
        result["test_accuracy"] = accuracy(model, *test)
    return result


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=torch.device, default="cpu", help="cpu, cuda")
    parser.add_argument("--mode", choices=MODES, default="eager",
                        help="; ".join(f"{name}: {what}" for name, what in MODES.items()))
    parser.add_argument("--compile-mode", choices=["default", "reduce-overhead", "max-autotune",
                                                   "max-autotune-no-cudagraphs"])
    parser.add_argument("--tf32", choices=["off", "on"], nargs="+", default=["off"],
                        help="factors of products and convolutions, on a GPU")
    parser.add_argument("--net", choices=NETS, default="cnn2")
    parser.add_argument("--strategy", choices=["direct", "slvt"], default="direct")
    parser.add_argument("--latent", type=int, default=2048)
    parser.add_argument("--batch", type=int, nargs="+", default=[128])
    parser.add_argument("--threads", type=int, default=2)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, default=200, help="timed, after --warmup untimed ones")
    length.add_argument("--epochs", type=int, help="instead: train whole epochs, then evaluate")
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory-format", choices=FORMATS, default="channels_last")
    parser.add_argument("--optimizer", choices=["forloop", "foreach", "fused"], default="fused")
    parser.add_argument("--fast-map", action="store_true", help="a scaled Gaussian, without the QR")
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"),
                        help="folder of IDX .gz files; Debian's dataset-fashion-mnist by default")
    args = parser.parse_args()
    if args.mode.endswith("graph") and args.device.type != "cuda":
        parser.error(f"--mode {args.mode} needs --device cuda")
    return args


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    images, labels = load(args.data, "train", args.memory_format, args.device)
    failed = False
    for batch, tf32 in itertools.product(args.batch, args.tf32):
        try:
            result = run(args, images, labels, batch, tf32)
        except Exception as e:  # the other cases are still worth their time
            failed = True
            what = f"{type(e).__name__}: {e}".splitlines()
            result = {"net": args.net, "mode": args.mode, "batch": batch, "tf32": tf32,
                      "error": what[0]}
            print(f"torch_mapnet: {e}", file=sys.stderr)
        print(json.dumps({k: round(v, 4) if isinstance(v, float) else v
                          for k, v in result.items()}), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
