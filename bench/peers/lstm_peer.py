"""The training step of bench_lstm in PyTorch: torch.nn.LSTM of two layers over a window, a linear
layer on the last output, mean squared error; forward and backward. Prints one JSON object.
"""

import argparse
import json
import statistics

import torch

from timing import times_ms


class Forecaster(torch.nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.lstm = torch.nn.LSTM(inputs, hidden, num_layers=2, batch_first=True)
        self.head = torch.nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--device", type=torch.device, default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    net = Forecaster(args.inputs, args.hidden).to(args.device)
    x = torch.randn(args.batch, args.steps, args.inputs, device=args.device)
    targets = torch.full((args.batch, 1), 0.5, device=args.device)

    def step():
        for parameter in net.parameters():
            parameter.grad = None
        torch.nn.functional.mse_loss(net(x), targets).backward()

    times_ms(step, args.repeats // 5 + 1, args.device)
    times = times_ms(step, args.repeats, args.device)
    print(json.dumps({"peer": "torch.nn.LSTM", "torch": torch.__version__, "inputs": args.inputs,
                      "hidden": args.hidden, "steps": args.steps, "batch": args.batch,
                      "threads": args.threads, "device": str(args.device),
                      "median_ms": statistics.median(times), "least_ms": min(times)}))


if __name__ == "__main__":
    main()
