"""What a report measures: mapnet and PyTorch in turn, the maps, an epoch."""

import json
import statistics
import tempfile
from pathlib import Path

from place import ROOT

PEERS = ROOT / "bench/peers"
ABSENT = 3  # hadamard_peer's exit code
SLVT = ["--strategy", "slvt", "--latent", "2048"]


class Full:
    """On a GPU: everything, in under eight minutes."""
    device = "cuda"
    budget = 470
    batches = [128, 512]
    tf32 = {"off": "off", "on": "tf32"}  # PyTorch's --tf32, mapnet's --fast-math
    nets = ["cnn2", "cnn1"]
    maps = {"cnn2": ["hadamard", "dense"], "cnn1": ["hadamard"]}
    bench = ["--steps", "500"]
    peer = ["--steps", "200"]
    # Seconds a process of four cases may take, those first that the goals need most.
    modes = {"eager": 60, "graph": 60, "compile": 120, "compile-graph": 90}
    limits, hadamard = [], []
    train = ["--epochs", "3"]


class Smoke(Full):
    """On a CPU, a little of each: that the script works, not how fast anything is."""
    device = "cpu"
    batches = [32]
    tf32 = {"off": "off"}
    nets = ["cnn2"]
    bench = ["--steps", "2", "--warm-up", "1", "--threads", "2"]
    maps = {"cnn2": ["hadamard"]}
    peer = ["--steps", "3", "--warmup", "1"]
    modes = {"eager": 60}
    limits = ["--log2-parameters", "14", "--max-points", "4096", "--dense-parameters", "2000",
              "--dense-latents", "64", "--samples", "1", "--sample-seconds", "0"]
    hadamard = ["--log2-parameters", "14", "--max-points", "2048", "--repeats", "3"]
    train = ["--epochs", "1"]


def mapnet_cases(plan):
    return [(net, map_, batch, tf32) for net in plan.nets for map_ in plan.maps[net]
            for batch in plan.batches for tf32 in plan.tf32]


def bench_mapnet(parts, place, plan, case):
    net, map_, batch, tf32 = case
    return parts.json(f"mapnet bench {net} {map_}, batch {batch}, TF32 {tf32}",
                      [place.program("mapnet"), "bench", "--json", "--device", plan.device,
                       "--net", net, *SLVT, "--map", map_, "--batch", batch,
                       *(["--fast-math", plan.tf32[tf32]] if plan.device == "cuda" else []),
                       *plan.bench], timeout=60, environment=place.environment)


def bench_peer(parts, place, plan, net, mode):
    """A result for each batch and TF32, by (net, mode, batch, tf32)."""
    name = f"PyTorch {mode} {net}"
    if not place.python:
        parts.fail(name, 0, place.no_torch)
        return {}
    results = parts.json_lines(
        name, [place.python, PEERS / "torch_mapnet.py", "--device", plan.device, "--mode", mode,
               "--net", net, *SLVT, "--fast-map", "--batch", *plan.batches, "--tf32",
               *plan.tf32, "--data", place.data, *plan.peer], timeout=plan.modes[mode])
    found = {}
    for r in results:
        if "error" in r:
            parts.fail(f"{name}, batch {r['batch']}, TF32 {r['tf32']}", 0, r["error"])
        else:
            found[net, mode, r["batch"], r.get("tf32", "off")] = r
    return found


def bench_epochs(parts, place, plan):
    """Seconds of each epoch of `mapnet train`, by TF32."""
    epochs = {}
    for tf32, fast_math in plan.tf32.items():
        with tempfile.TemporaryDirectory() as folder:
            done = parts.run(f"mapnet train cnn2, batch 512, TF32 {tf32}",
                             [place.program("mapnet"), "train", "--device", plan.device, "--net",
                              "cnn2", *SLVT, "--batch", "512", "--quiet", "--out", folder,
                              *(["--fast-math", fast_math] if plan.device == "cuda" else []),
                              *plan.train], timeout=120, environment=place.environment)
            metrics = Path(folder, "metrics.jsonl")
            if done is not None and metrics.exists() and metrics.read_text():
                epochs[tf32] = [json.loads(line)["seconds"]
                                for line in metrics.read_text().splitlines()]
    return epochs


def measure(parts, place, plan):
    report = {"cases": mapnet_cases(plan), "modes": list(plan.modes), "tf32": list(plan.tf32),
              "mapnet": {}, "peers": {}, "limits": None, "hadamard_peer": None,
              "epochs": bench_epochs(parts, place, plan)}
    rounds = {case: [] for case in mapnet_cases(plan)}

    def bench_all():
        for case, results in rounds.items():
            result = bench_mapnet(parts, place, plan, case)
            if result:
                results.append(result)

    def peers(modes):
        for mode in modes:
            for net in plan.nets:
                report["peers"].update(bench_peer(parts, place, plan, net, mode))

    # mapnet before and after the peers, so that a clock that drifts favours neither.
    bench_all()
    peers(report["modes"][:2])
    report["limits"] = parts.json(
        "bench_map_limits", [place.program("bench_map_limits"), "--json", "--device", plan.device,
                             *plan.limits], timeout=90, environment=place.environment)
    if place.python:
        report["hadamard_peer"] = parts.json(
            "fast-hadamard-transform", [place.python, PEERS / "hadamard_peer.py", "--device",
                                        plan.device, *plan.hadamard], timeout=60, absent=ABSENT)
    else:
        parts.fail("fast-hadamard-transform", 0, place.no_torch)
    peers(report["modes"][2:])
    bench_all()
    for case, results in rounds.items():
        if results:
            middle = statistics.median_low(r["step_seconds"] for r in results)
            report["mapnet"][case] = next(r for r in results if r["step_seconds"] == middle)
    return report
