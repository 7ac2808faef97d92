"""How the peers are timed, on a CPU and on a GPU."""

import itertools
import time

import torch


def times_ms(action, repeats, device):
    """Milliseconds of each of `repeats` calls, as they follow one another."""
    if device.type == "cpu":
        clock = [time.perf_counter()]
        for _ in range(repeats):
            action()
            clock.append(time.perf_counter())
        return [1e3 * (after - before) for before, after in itertools.pairwise(clock)]
    # Nothing is waited for between calls: what the host enqueues slower than the device works
    # shows as gaps between events, as it does in training.
    events = [torch.cuda.Event(enable_timing=True) for _ in range(repeats + 1)]
    events[0].record()
    for event in events[1:]:
        action()
        event.record()
    torch.cuda.synchronize()
    return [before.elapsed_time(after) for before, after in itertools.pairwise(events)]


def captured(action, warm_up=5):
    """A CUDA graph of one call of `action`."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # libraries initialise and choose outside of the capture
        for _ in range(warm_up):
            action()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        action()
    return graph
