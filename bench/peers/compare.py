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


def run_json(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"compare: {' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout)


def mapnet_ms(program, arguments, common):
    result = run_json([program, "bench", "--json", *arguments, *common])
    return 1e3 * result["step_seconds"], result


def peer_ms(arguments, common):
    result = run_json([sys.executable, HERE / "torch_mapnet.py", *arguments, *common])
    return result["ms_per_step"], result


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
    for name, both, ours, theirs in CASES:
        if args.only not in name:
            continue
        steps = STEPS[f"{both[1]} {both[3]}"]
        common = [*both, "--steps", str(steps), "--threads", str(args.threads), "--batch",
                  str(args.batch)]
        rounds = []
        for _ in range(args.rounds):
            mine, mine_all = mapnet_ms(args.program, ours, common)
            peers = {layout: peer_ms([*theirs, "--memory-format", layout], common)
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
