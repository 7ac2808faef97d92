#!/usr/bin/env python3
"""Reads a mapnet model without mapnet: from latents and seed to weights, with NumPy alone.

    python3 read_latent.py MODEL.latent [OUT.npz]

prints the names and shapes of the tensors; OUT.npz then holds them for numpy.load. In a program,
read_latent(path) returns them: float32 arrays under PyTorch's names, in PyTorch's shapes.

This is docs/formats.md, "The latent file", in Python. It covers cnn1 and cnn2 where they were
trained directly, under the Hadamard map as it is by default, or under a learned map. Whatever else
a file holds it refuses by name; `mapnet export` writes the weights of every model.
"""

import json
import math
import struct
import sys
import zlib

import numpy as np

WORD = 0xFFFFFFFF
INNER_SIGNS, OUTER_SIGNS = 5, 4  # streams of random numbers: D and D_t

# Convolutions of 3 x 3 (name, channels, whether a pooling of 2 x 2 follows), what each adds to a
# picture's sides, and the units of the hidden layer.
NETWORKS = {
    "cnn1": ([("conv1", 32, True), ("conv2", 64, True), ("conv3", 128, False),
              ("conv4", 128, True)], 0, 256),
    "cnn2": ([("conv1", 16, True), ("conv2", 32, True)], -2, 128),
}


def read_file(path):
    """The description and the payload, once the frame around them holds."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 20 or data[:8] != b"MAPNETLV":
        raise ValueError("not a latent file: expected it to begin with MAPNETLV")
    version, length = struct.unpack("<II", data[8:16])
    if version != 1:
        raise ValueError(f"version {version} of the latent file; this reader knows version 1")
    (stored,), found = struct.unpack("<I", data[-4:]), zlib.crc32(data[:-4])
    if stored != found:
        raise ValueError(f"damaged: checksum {stored:08x} expected, {found:08x} found")
    if length > len(data) - 20:
        raise ValueError(f"description of {length} bytes in a file of {len(data)}")
    return json.loads(data[16 : 16 + length]), data[16 + length : -4]


def refuse_what_is_not_covered(recipe):
    there = [key for key in ("variant", "finetune", "pretrained") if key in recipe]
    there += [key for key in recipe.get("add_ons", {}) if key != "quantize"]  # float32 is kept
    if there:
        raise ValueError(f"{', '.join(there)}: not covered here; use mapnet export")


def require(recipe, **covered):
    """Of each key the one value that is covered."""
    for key, value in covered.items():
        if recipe[key] != value:
            raise ValueError(f"{key} '{recipe[key]}': not covered here, only '{value}'; "
                             "use mapnet export")


def layers_of(net, channels, height, width, classes):
    """Of each layer its name and the shape of its weight; the bias has as many values as rows."""
    if net not in NETWORKS:
        raise ValueError(f"net '{net}': not covered here, only {', '.join(NETWORKS)}; "
                         "use mapnet export")
    convolutions, border, hidden = NETWORKS[net]
    layers = []
    for name, outputs, pooled in convolutions:
        layers.append((name, (outputs, channels, 3, 3)))
        channels, height, width = outputs, height + border, width + border
        if pooled:
            height, width = height // 2, width // 2
    layers.append(("fc1", (hidden, channels * height * width)))
    layers.append(("fc2", (classes, hidden)))
    return layers


def philox(counter, key):
    """Philox4x32-10: of each column of the counter [4, n] four words, as [n, 4]."""
    c = list(counter)
    k = list(key)
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(q >> 32) ^ c[1] ^ k[0], q & WORD, (p >> 32) ^ c[3] ^ k[1], p & WORD]
        k = [(k[0] + 0x9E3779B9) & WORD, (k[1] + 0xBB67AE85) & WORD]
    return np.stack(c, axis=1)


def signs(seed, stream, block, m, tiles):
    """+1 and -1, [tiles, m]."""
    draws = (m + 127) // 128
    index = np.arange(tiles * draws, dtype=np.uint64)
    counter = [index & WORD, index >> 32, np.full_like(index, block), np.full_like(index, stream)]
    words = philox(counter, (seed & WORD, seed >> 32)).reshape(tiles, draws * 4, 1)
    bits = (words >> np.arange(32, dtype=np.uint64)) & 1
    return 1.0 - 2.0 * bits.reshape(tiles, draws * 128)[:, :m]


def hadamard(x):
    """Each row times the Hadamard matrix in natural order."""
    m, half = x.shape[1], 1
    while half < m:
        pairs = x.reshape(-1, 2, half)
        x = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1)
        half *= 2
    return x.reshape(-1, m)


def expand_block(z, rows, seed, block):
    """What the latents z of a block become: u, one value a row."""
    d = len(z)
    m = 16
    while m < d:
        m *= 2
    padded = np.zeros((1, m))
    padded[0, :d] = np.float32(math.sqrt(m / d) / m) * z
    x = hadamard(signs(seed, INNER_SIGNS, block, m, 1) * padded)
    tiles = -(-rows // m)
    return hadamard(signs(seed, OUTER_SIGNS, block, m, tiles) * x).reshape(-1)[:rows]


def expand(recipe, values, layers):
    """theta of a Hadamard map."""
    require(recipe, map="hadamard", modulation="none", activation="identity", base="zero")
    sizes = [math.prod(shape) + shape[0] for _, shape in layers]
    blocks = sizes if recipe["strategy"] == "lwt" else [sum(sizes)]
    if len(blocks) != len(recipe["latents"]) or sum(recipe["latents"]) != len(values):
        raise ValueError(f"latents {recipe['latents']} of {len(blocks)} blocks expected, "
                         f"{len(values)} values found")
    seed = recipe.get("map_seed", recipe["seed"])
    parts, at = [], 0
    for block, (d, rows) in enumerate(zip(recipe["latents"], blocks)):
        parts.append(expand_block(values[at : at + d], rows, seed, block))
        at += d
    scales = []
    for _, shape in layers:
        fan_in = math.prod(shape[1:])
        scales += [np.full(math.prod(shape), math.sqrt(2 / fan_in)),
                   np.full(shape[0], 1 / math.sqrt(3 * fan_in))]
    return np.concatenate(scales) * np.concatenate(parts)


def read_latent(path):
    """The tensors of a model, by name. ValueError says what is wrong or not covered."""
    description, payload = read_file(path)
    recipe = description["recipe"]
    refuse_what_is_not_covered(recipe)
    layers = layers_of(recipe["net"], *description["input"], description["classes"])
    counts = [description.get(key, 0) for key in ("values", "state", "pruned_words", "theta")]
    if len(payload) != 4 * sum(counts):
        raise ValueError(f"{sum(counts)} numbers expected, {len(payload)} bytes found")
    numbers = np.frombuffer(payload, "<f4").astype(np.float64)
    values = numbers[: counts[0]]
    if counts[3] > 0:  # under a learned map theta lies beside the latents
        theta = numbers[len(numbers) - counts[3] :]
    elif recipe["strategy"] == "direct" or description.get("stored") == "theta":
        theta = values
    elif "refreshes" in description:
        raise ValueError("latents of a refreshed map: not covered here; use mapnet export")
    else:
        theta = expand(recipe, values, layers)
    tensors, at = {}, 0
    for name, shape in layers:
        for tensor, of_tensor in ((name + ".weight", shape), (name + ".bias", shape[:1])):
            size = math.prod(of_tensor)
            tensors[tensor] = theta[at : at + size].astype(np.float32).reshape(of_tensor)
            at += size
    if at != len(theta):
        raise ValueError(f"{at} parameters expected, {len(theta)} found")
    return tensors


def main(arguments):
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print("usage: read_latent.py MODEL.latent [OUT.npz]", file=sys.stderr)
        return 2
    try:
        tensors = read_latent(arguments[0])
        if len(arguments) == 2:
            np.savez(arguments[1], **tensors)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    for name, tensor in tensors.items():
        print(name, list(tensor.shape))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
