"""The networks and the mapped network as a good PyTorch user writes them."""

import math

import torch
from torch import nn


def cnn1():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(),
        nn.Conv2d(128, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1152, 256), nn.ReLU(), nn.Linear(256, 10))


def cnn2():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 128), nn.ReLU(), nn.Linear(128, 10))


NETS = {"cnn1": (cnn1, 537_994), "cnn2": (cnn2, 108_618)}
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class Mapped(nn.Module):
    """A network whose parameters are all generated from one trained latent vector z [d]."""

    def __init__(self, net, d, memory_format, orthonormal, seed, device):
        super().__init__()
        self.shapes = {name: p.shape for name, p in net.named_parameters()}
        self.sizes = [shape.numel() for shape in self.shapes.values()]
        self.memory_format = memory_format
        self.net = [net.requires_grad_(False)]  # in a list: its own weights are not ours to train
        n_params = sum(self.sizes)
        generator = torch.Generator(device).manual_seed(seed)
        # Column-major, as LAPACK returns Q: products with it are a fifth faster than row-major.
        mapping = torch.randn(d, n_params, generator=generator, device=device).T
        # The scaled Gaussian costs the same a step; its columns are only nearly orthonormal.
        mapping = torch.linalg.qr(mapping).Q if orthonormal else mapping.div_(math.sqrt(n_params))
        self.register_buffer("mapping", mapping)
        # (W z)_j has variance d / P for z ~ N(0, 1); He's initialisation wants 2 / fan_in. A bias
        # and a normalisation's two take the fan-in of the weight before them.
        fan_in = []
        for p in net.parameters():
            fan_in.append(p[0].numel() if p.dim() > 1 else fan_in[-1])
        he = [math.sqrt(n_params / d * 2 / n) for n in fan_in]
        scale = torch.tensor(he).repeat_interleave(torch.tensor(self.sizes))
        self.register_buffer("scale", scale.to(device))
        self.z = nn.Parameter(torch.randn(d, generator=generator, device=device))

    def theta(self):
        return self.scale * (self.mapping @ self.z)

    def forward(self, x):
        weights = {}
        for (name, shape), flat in zip(self.shapes.items(), self.theta().split(self.sizes)):
            weight = flat.view(shape)
            if weight.dim() == 4:
                weight = weight.contiguous(memory_format=self.memory_format)
            weights[name] = weight
        return torch.func.functional_call(self.net[0], weights, (x,))


def build(net, strategy, latents, memory_format, fast_map, seed, device):
    make, n_params = NETS[net]
    model = make().to(device, memory_format=FORMATS[memory_format])
    assert sum(p.numel() for p in model.parameters()) == n_params
    if strategy == "slvt":
        model = Mapped(model, latents, FORMATS[memory_format], not fast_map, seed, device)
    return model
