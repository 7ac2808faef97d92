"""A report's sections, as docs/performance.md wants them."""

import statistics

EAGER_GOAL, BEST_GOAL, EPOCH_GOAL = 5.0, 2.0, 0.15


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def number(value):
    """Three figures, and never a power of ten."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def verdict(value, goal, at_most=False):
    """met, or by how much of the goal it was missed."""
    short = value / goal - 1 if at_most else 1 - value / goal
    return "met" if short <= 0 else f"missed by {100 * short:.0f}%"


def goal_row(what, value, goal, note=""):
    if value is None:
        return [what, "nothing", "not measured"]
    return [what, f"{value:.2f}", verdict(value, goal) + note]


def beside_pytorch(report):
    """Rows of times and ratios, and the verdicts of the goals they decide."""
    modes = report["modes"]
    rows, goals = [], []
    for net, map_, batch, tf32 in report["cases"]:
        mine = report["mapnet"].get((net, map_, batch, tf32))
        us = 1e6 * mine["step_seconds"] if mine else None
        theirs = {m: 1e3 * report["peers"][net, m, batch, tf32]["ms_per_step"] for m in modes
                  if (net, m, batch, tf32) in report["peers"]}
        eager = theirs["eager"] / us if us and "eager" in theirs else None
        best = min(theirs.values()) / us if us and theirs else None
        times = [us, *(theirs.get(m) for m in modes)]
        rows.append([f"{net} {map_}", batch, tf32, *(f"{t:.1f}" if t else "absent" for t in times),
                     *(f"{r:.2f}" if r else "" for r in (eager, best))])
        if map_ == "hadamard":
            what = f"{net}, batch {batch}, TF32 {tf32}"
            missing = [m for m in modes if m not in theirs]
            goals += [goal_row(f"{what}: {EAGER_GOAL:g} times faster than eager", eager,
                               EAGER_GOAL),
                      goal_row(f"{what}: {BEST_GOAL:g} times faster than the best PyTorch", best,
                               BEST_GOAL,
                               f" (without {', '.join(missing)})" if missing else "")]
    head = ["case", "batch", "TF32", "mapnet us", *(f"{m} us" for m in modes), "eager / mapnet",
            "best / mapnet"]
    return table(head, rows), goals


def where_time_goes(mine):
    """A step's parts beside the ceilings measured in the same run; steps of a name together."""
    peak, copy = mine["peak_gflops"], mine["peak_copy_gb_per_s"]
    merged = {}
    for step in mine["steps"]:
        merged.setdefault(step["name"], []).append(step)
    rows = []
    for name, steps in merged.items():
        seconds = sum(s["seconds"] for s in steps)
        gflops = sum(s["flops"] for s in steps) / seconds * 1e-9
        gb = sum(s["bytes"] for s in steps) / seconds * 1e-9
        rows.append([name, len(steps), f"{1e6 * seconds / len(steps):.1f}",
                     f"{100 * seconds / mine['step_seconds']:.0f}%",
                     *([number(gflops), f"{100 * gflops / peak:.0f}%"] if gflops else ["", ""]),
                     number(gb), f"{100 * gb / copy:.0f}%"])
    whole = mine["step_seconds"]
    gflops = sum(s["flops"] for s in mine["steps"]) / whole * 1e-9
    gb = sum(s["bytes"] for s in mine["steps"]) / whole * 1e-9
    rows.append(["whole step", "", f"{1e6 * whole:.1f}", "100%", number(gflops),
                 f"{100 * gflops / peak:.0f}%", number(gb), f"{100 * gb / copy:.0f}%"])
    head = ["step", "times", "us each", "of the step", "GFLOP/s", "of peak", "GB/s", "of copy"]
    return (table(head, rows) + f"\nCeilings: {number(peak)} GFLOP/s in a product, "
            f"{number(copy)} GB/s copied (read and written); mapping "
            f"{100 * mine['mapping_share']:.1f}% of the step.\n")


def maps(limits, peer):
    """Rows of each map's passes with the peer's beside them, and the goals."""
    theirs = {size["points"]: size for size in peer["sizes"]} if peer else {}
    rows, goals, skipped = [], [], []
    for case in limits["cases"]:
        dense = case["map"] != "hadamard"
        modulation = f" {case['modulation']}" if case["modulation"] != "none" else ""
        name = f"{case['map']}{modulation}, {case['latents']}"
        if "skipped" in case:
            skipped.append([name, case["skipped"]])
        for p in case.get("passes", []):
            # The peer does the plain map's work; its size must be the same to be beside it.
            same = (not dense and case["modulation"] == "none" and peer
                    and peer["parameters"] == case["parameters"] and case["latents"] in theirs)
            other = theirs[case["latents"]][f"{p['pass']}_seconds"] if same else None
            goal = (verdict(p["copy_share"], limits["goal_dense_copy_share"]) if dense else
                    verdict(p["copy_times"], limits["goal_hadamard_copy_times"], at_most=True))
            rows.append([name, case["parameters"], p["pass"], f"{1e6 * p['seconds']:.1f}",
                         number(p["gb_per_s"]), f"{100 * p['copy_share']:.0f}%",
                         f"{p['copy_times']:.2f}", goal, f"{1e6 * other:.1f}" if other else ""])
    for label, dense, goal in (
            ("dense maps", True, f"{100 * limits['goal_dense_copy_share']:.0f}% of the copy's "
             "bandwidth"),
            ("Hadamard maps", False, f"{limits['goal_hadamard_copy_times']:g} times the copy's "
             "time at most")):
        chosen = [r for r in rows if r[0].startswith("dense") == dense]
        met = sum(r[7] == "met" for r in chosen)
        goals.append([f"{label}, each pass: {goal}", f"{met} of {len(chosen)} passes",
                      "met" if met == len(chosen) > 0 else f"missed by {len(chosen) - met}"])
    goals += [[f"map {name}", "skipped", why] for name, why in skipped]
    head = ["map, latents", "parameters", "pass", "us", "GB/s", "of copy", "times the copy", "goal",
            "fast-hadamard-transform us"]
    return table(head, rows), goals


def epochs(report):
    goals = []
    for tf32 in report["tf32"]:
        what = f"FashionMNIST CNN2 epoch, batch 512, TF32 {tf32}: under {EPOCH_GOAL} s"
        seconds = report["epochs"].get(tf32)
        if not seconds:
            goals.append(goal_row(what, None, EPOCH_GOAL))
            continue
        middle = statistics.median(seconds)
        shown = ", ".join(f"{s:.3f}" for s in seconds)
        goals.append([what, f"{middle:.3f} s (epochs: {shown})",
                      verdict(middle, EPOCH_GOAL, at_most=True)])
    return goals


def calls(peer):
    rows = [[s["points"], f"{1e6 * s['call_seconds']:.1f}",
             number(s["call_bytes"] / s["call_seconds"] * 1e-9)] for s in peer["sizes"]]
    return (f"One transform of {peer['parameters']} values by fast-hadamard-transform "
            f"{peer['version']}:\n\n" + table(["points", "us", "GB/s, read and written"], rows))


def write(report, problems, log):
    limits, peer = report["limits"], report["hadamard_peer"]
    versus, goals = beside_pytorch(report)
    goals += epochs(report)
    map_table = ""
    if limits:
        map_table, map_goals = maps(limits, peer)
        goals += map_goals
    else:
        goals.append(goal_row("dense and Hadamard maps beside a copy", None, 1))
    sections = [f"# {report['title']}\n", report["about"] + "\n",
                "## Goals\n", table(["goal", "measured", "verdict"], goals)]
    if problems:
        sections += ["## What could not be measured\n", table(["part", "why"], problems)]
    sections += ["## Beside PyTorch\n",
                 "PyTorch multiplies by a dense map (column-major float32), as public "
                 "re-implementations do; medians, in turn.\n", versus]
    largest = max(batch for _, _, batch, _ in report["cases"])
    for (net, map_, batch, tf32), mine in report["mapnet"].items():
        if batch == largest and tf32 == "off":
            sections += [f"## A step of {net}, {map_} map, batch {batch}\n", where_time_goes(mine)]
    if limits:
        sections += ["## The maps beside a copy\n",
                     f"Copy: {number(limits['peak_copy_gb_per_s'])} GB/s read and written. Bytes: "
                     "each value once.\n", map_table]
    if peer:
        sections += ["## fast-hadamard-transform alone\n", calls(peer)]
    sections += ["## How long the parts took\n",
                 table(["part", "s"], [[name, f"{seconds:.0f}"] for name, seconds, _ in log])]
    return "\n".join(sections)
