"""Dao-AILab's fast-hadamard-transform beside mapnet's Hadamard map, whose work is done with it.

For each size that the package takes: one transform of all values, and the map's two passes as a
PyTorch user would write them with it, each replayed from a CUDA graph. Prints one JSON object.
Exit code 3: the package is not installed.
"""

import argparse
import json
import statistics
import sys

import torch

from timing import captured, times_ms

ABSENT = 3
HOW_TO_GET = ("hadamard_peer: fast_hadamard_transform is not installed; with the CUDA toolkit: "
              "pip install --no-build-isolation fast-hadamard-transform")


def signs(*shape, device):
    # A byte each: as little to read as PyTorch's own types allow without unpacking bits.
    return torch.randint(0, 2, shape, dtype=torch.int8, device=device).mul_(2).sub_(1)


def median_seconds(action, args):
    if args.device.type == "cuda":
        action = captured(action).replay
    times_ms(action, args.repeats // 5 + 1, args.device)
    return statistics.median(times_ms(action, args.repeats, args.device)) * 1e-3


def measure(hadamard_transform, points, args):
    tiles = args.parameters // points
    x = torch.randn(tiles, points, device=args.device)
    z = torch.randn(points, device=args.device)
    inner, outer = signs(points, device=args.device), signs(tiles, points, device=args.device)
    scale = 1 / points  # sqrt(points / d) / points, with d = points

    def forward():  # theta of tile t = scale H D_t H D z
        return hadamard_transform(hadamard_transform(z * inner) * outer, scale)

    def backward():  # dz from dtheta = x
        return hadamard_transform((hadamard_transform(x, scale) * outer).sum(0)) * inner

    passes = {"call": lambda: hadamard_transform(x), "forward": forward, "backward": backward}
    result = {"points": points, "call_bytes": 2 * x.numel() * x.element_size()}
    return result | {f"{name}_seconds": median_seconds(action, args)
                     for name, action in passes.items()}


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=torch.device, default="cuda")
    parser.add_argument("--log2-parameters", type=int, default=26)
    parser.add_argument("--max-points", type=int, default=2**15, help="at most 2^15, the package's")
    parser.add_argument("--repeats", type=int, default=50)
    args = parser.parse_args()
    args.parameters = 2**args.log2_parameters
    try:
        import fast_hadamard_transform
    except ImportError:
        print(HOW_TO_GET, file=sys.stderr)
        return ABSENT
    sizes = [2**log for log in range(10, 16) if 2**log <= min(args.max_points, args.parameters)]
    result = {"peer": "fast-hadamard-transform",
              "version": getattr(fast_hadamard_transform, "__version__", "unknown"),
              "torch": torch.__version__, "parameters": args.parameters,
              "sizes": [measure(fast_hadamard_transform.hadamard_transform, points, args)
                        for points in sizes]}
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
