"""compare_latent.py READER MODEL.latent EXPORT.safetensors ...: what the reader (the file of
examples/python) makes of each model beside what mapnet exported of it. Prints, a line a model, how far
they are apart at most, as a share of the largest weight of a tensor."""

import importlib.util
import json
import struct
import sys

import numpy as np


def module(path):
    spec = importlib.util.spec_from_file_location("reader", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, tensor in header.items():
        assert tensor["dtype"] == "F32", (path, name, tensor["dtype"])
        begin, end = tensor["data_offsets"]
        values = np.frombuffer(data[8 + length + begin : 8 + length + end], "<f4")
        tensors[name] = values.reshape(tensor["shape"])
    return tensors


def apart(found, want):
    assert list(found.keys() - want.keys()) == list(want.keys() - found.keys()) == []
    worst = 0.0
    for name, tensor in want.items():
        assert found[name].dtype == np.float32 and found[name].shape == tensor.shape, name
        worst = max(worst, float(np.abs(found[name] - tensor).max() / np.abs(tensor).max()))
    return worst


def main(reader, *files):
    sys.dont_write_bytecode = True
    reader = module(reader)
    for model, exported in zip(files[::2], files[1::2]):
        print(apart(reader.read_latent(model), safetensors(exported)))


main(*sys.argv[1:])
