"""mapnet beside its PyTorch peer: the same models, machine and run, one after the other in turn.

Prints a Markdown table of medians over the rounds with ratios pair by pair (median, smallest to
largest): against PyTorch's default memory format, and against the faster of its two in that round.
Writes all figures as JSON where --json says. Run through bench/peers/compare.
"""

import argparse
import datetime
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SLVT = ["--strategy", "slvt", "--latent", "2048"]
DIRECT = ["--strategy", "direct"]
# name, arguments of both, of mapnet alone, of the peer alone
CASES = [
    ("CNN2 slvt 2048, hadamard against dense", ["--net", "cnn2", *SLVT], ["--map", "hadamard"],
     ["--fast-map"]),
    ("CNN2 slvt 2048, dense against dense", ["--net", "cnn2", *SLVT], ["--map", "dense"],
     ["--fast-map"]),
    ("CNN2 direct", ["--net", "cnn2", "--strategy", "direct"], [], []),
    ("CNN1 direct", ["--net", "cnn1", "--strategy", "direct"], [], []),
]
STEPS = {"cnn2 slvt": 60, "cnn2 direct": 300, "cnn1 direct": 60}
# The same for networks_peer.py: name, arguments of both, of mapnet alone
NETWORKS = [
    ("LSTM direct, batch 128", ["--net", "lstm", "--batch", "128", "--steps", "200"],
     ["--data", "beijing-pm25", *DIRECT]),
    ("CNN3 direct, batch 8, 256x256", ["--net", "cnn3", "--batch", "8", "--steps", "5"],
     ["--data", "noise-3x256x256x11-pixels", *DIRECT]),
    ("ResNet-18 direct, batch 128, 32x32",
     ["--net", "resnet18-cifar", "--batch", "128", "--steps", "5"],
     ["--data", "noise-3x32x32x10", *DIRECT]),
    ("ResNet-50 direct, batch 8, 224x224", ["--net", "resnet50", "--batch", "8", "--steps", "5"],
     ["--data", "noise-3x224x224x1000", *DIRECT]),
]


def run_json(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"compare: {' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout)


def mapnet_ms(program, arguments, common):
    result = run_json([program, "bench", "--json", *arguments, *common])
    return 1e3 * result["step_seconds"], result


def peer_ms(script, arguments, common):
    result = run_json([sys.executable, HERE / script, *arguments, *common])
    return result["ms_per_step"], result


def cases(args):
    """Name, peer's script, arguments of both, of mapnet alone, of the peer alone."""
    for name, both, ours, theirs in CASES:
        steps = STEPS[f"{both[1]} {both[3]}"]
        yield (name, "torch_mapnet.py",
               [*both, "--steps", str(steps), "--batch", str(args.batch)], ours, theirs)
    for name, both, ours in NETWORKS:
        yield name, "networks_peer.py", both, ours, []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=HERE.parent.parent / "build/release/mapnet")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    args = parser.parse_args()

    report = {"date": datetime.date.today().isoformat(), "cases": []}
    print("| case | mapnet ms a step | PyTorch ms, default | PyTorch ms, faster format "
          "| default / mapnet | faster / mapnet |")
    print("|---|---|---|---|---|---|")
    for name, script, both, ours, theirs in cases(args):
        if args.only not in name:
            continue
        common = [*both, "--threads", str(args.threads)]
        rounds = []
        for _ in range(args.rounds):
            mine, mine_all = mapnet_ms(args.program, ours, common)
            peers = {layout: peer_ms(script, [*theirs, "--memory-format", layout], common)
                     for layout in ("contiguous", "channels_last")}
            rounds.append({"mapnet_ms": mine, "mapnet": mine_all,
                           "default_ms": peers["contiguous"][0],
                           "faster_ms": min(ms for ms, _ in peers.values()),
                           "peers": {layout: result for layout, (_, result) in peers.items()}})
        cells = [f"{statistics.median(r[key] for r in rounds):.2f}"
                 for key in ("mapnet_ms", "default_ms", "faster_ms")]
        for key in ("default_ms", "faster_ms"):
            ratios = [r[key] / r["mapnet_ms"] for r in rounds]
            cells.append(f"{statistics.median(ratios):.2f} "
                         f"({min(ratios):.2f} to {max(ratios):.2f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        report["cases"].append({"name": name, "rounds": rounds})
    if args.json:
        args.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
