"""Runs ONNX models in ONNX Runtime: each line of the jobs file names, with tabs between, a model, a file
of raw inputs, how many inputs it holds and where to write the raw outputs. Without a file: says which
version there is."""

import sys

import numpy as np
import onnxruntime

DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}


def open_model(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main():
    if len(sys.argv) < 2:
        print(onnxruntime.__version__)
        return
    sessions = {}
    with open(sys.argv[1]) as jobs:
        for line in jobs:
            model, inputs, count, outputs = line.rstrip("\n").split("\t")
            if model not in sessions:
                sessions[model] = open_model(model)
            session = sessions[model]
            (described,) = session.get_inputs()
            x = np.fromfile(inputs, DTYPES[described.type])
            x = x.reshape(int(count), *described.shape[1:])
            (y,) = session.run(None, {described.name: x})
            assert y.dtype == np.float32 and y.shape[0] == int(count)
            y.tofile(outputs)


main()
