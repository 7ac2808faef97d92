"""The paper's other networks in PyTorch, under the parameter names mapnet uses: torchvision's for
the ResNets."""

import torch
from torch import nn


class DoubleConv(nn.Module):
    def __init__(self, channels_in, channels):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels_in, channels, 3, padding=1), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)))


class Decoder(nn.Module):
    def __init__(self, channels_in, channels):
        super().__init__()
        self.up = nn.ConvTranspose2d(channels_in, channels, 2, stride=2)
        self.conv1, self.bn1 = nn.Conv2d(2 * channels, channels, 3, padding=1), nn.BatchNorm2d(channels)

    def forward(self, x, skip):
        x = torch.cat([self.up(x), skip], 1)
        return torch.relu(self.bn1(self.conv1(x)))


class Cnn3(nn.Module):
    """The paper's U-Net-like CNN3: 1,734,803 parameters for 19 classes."""

    def __init__(self, classes=19):
        super().__init__()
        self.enc1, self.enc2, self.enc3 = DoubleConv(3, 32), DoubleConv(32, 64), DoubleConv(64, 128)
        self.bottleneck = DoubleConv(128, 256)
        self.dec3, self.dec2, self.dec1 = Decoder(256, 128), Decoder(128, 64), Decoder(64, 32)
        self.head = nn.Conv2d(32, classes, 1)

    def forward(self, x):
        pool = nn.functional.max_pool2d
        a = self.enc1(x)
        b = self.enc2(pool(a, 2))
        c = self.enc3(pool(b, 2))
        x = self.dec3(self.bottleneck(pool(c, 2)), c)
        return self.head(self.dec1(self.dec2(x, b), a))


class Forecaster(nn.Module):
    """The paper's LSTM: windows [N, T, F] to one value; 12,961 parameters."""

    def __init__(self, features=1, hidden=32, layers=2):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


class Block(nn.Module):
    """A residual block: two 3x3 convolutions, or 1x1, 3x3, 1x1 with four times the channels."""

    def __init__(self, channels_in, width, stride, bottleneck):
        super().__init__()
        kernels, channels = ((1, 3, 1), 4 * width) if bottleneck else ((3, 3), width)
        widths = [channels_in] + [width] * (len(kernels) - 1) + [channels]
        for i, k in enumerate(kernels, 1):
            s = stride if i == (2 if bottleneck else 1) else 1
            conv = nn.Conv2d(widths[i - 1], widths[i], k, s, k // 2, bias=False)
            setattr(self, f"conv{i}", conv)
            setattr(self, f"bn{i}", nn.BatchNorm2d(widths[i]))
        self.last = len(kernels)
        self.downsample = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = x
        for i in range(1, self.last + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            y = torch.relu(y) if i < self.last else y
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, counts, bottleneck, classes, cifar_stem=False):
        super().__init__()
        kernel, stride = (3, 1) if cifar_stem else (7, 2)
        self.conv1 = nn.Conv2d(3, 64, kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.pool = nn.Identity() if cifar_stem else nn.MaxPool2d(3, 2, 1)
        channels = 64
        for stage, count in enumerate(counts):
            width, blocks = 64 << stage, []
            for i in range(count):
                blocks.append(Block(channels, width, 2 if i == 0 and stage > 0 else 1, bottleneck))
                channels = 4 * width if bottleneck else width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        for stage in range(1, 5):
            x = getattr(self, f"layer{stage}")(x)
        return self.fc(x.mean((2, 3)))


def resnet18(classes=1000):
    return ResNet((2, 2, 2, 2), False, classes)


def resnet18_cifar(classes=10):
    return ResNet((2, 2, 2, 2), False, classes, cifar_stem=True)


def resnet50(classes=1000):
    return ResNet((3, 4, 6, 3), True, classes)
