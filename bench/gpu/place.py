"""Where mapnet's programs, tests, libraries and data are: a build folder, or what `pack` made."""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAYLOAD = ROOT / "payload.tar.xz"  # only a packed folder has it
PROGRAMS = {"mapnet": "mapnet", "bench_map_limits": "bench/bench_map_limits"}  # in a build folder
SKIPPED = 77  # what a GPU test ends with where there is no GPU


class Place:
    def __init__(self, build, python):
        self.packed = PAYLOAD.exists()
        self.build = Path(build).resolve()
        self.python = python
        if self.packed:
            unpack()
            self.environment = packed_environment(python)
            self.data = ROOT / "data/fashion-mnist"
        else:
            self.environment = dict(os.environ)
            self.data = Path("/usr/share/datasets/fashion-mnist")

    def program(self, name):
        return ROOT / "bin" / name if self.packed else self.build / PROGRAMS[name]

    def tests(self):
        """Every test that needs the GPU, or that is about it: name, command, environment."""
        if self.packed:
            tests = json.loads((ROOT / "tests.json").read_text())
            for test in tests:
                test["command"][0] = str(ROOT / "bin" / test["command"][0])
            return tests
        return gpu_tests(self.build)


def give_up(why):
    sys.exit(f"{Path(sys.argv[0]).name}: {why}")


def gpu_tests(build):
    if not (Path(build) / "CTestTestfile.cmake").exists():
        give_up(f"{build} is not there; build it first (make cuda)")
    listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                            capture_output=True, text=True)
    tests = []
    for test in json.loads(listed.stdout)["tests"]:
        settings = next((p["value"] for p in test["properties"] if p["name"] == "ENVIRONMENT"), [])
        on_gpu = "MAPNET_TEST_DEVICE=cuda" in settings
        if on_gpu or test["name"].startswith("cuda_"):
            tests.append({"name": test["name"], "command": test["command"], "on_gpu": on_gpu})
    return tests


def unpack():
    """Programs and libraries, and the data set's objects under the names mapnet looks for."""
    if not (ROOT / "bin").exists():  # which is put in place last: a call may be interrupted
        unpacking = ROOT / "unpacking"
        for unfinished in (unpacking, ROOT / "lib"):
            shutil.rmtree(unfinished, ignore_errors=True)
        with tarfile.open(PAYLOAD) as payload:
            payload.extractall(unpacking)
        for part in ("lib", "bin"):
            (unpacking / part).rename(ROOT / part)
        unpacking.rmdir()
    objects = ROOT / "objects/SHA256"
    if objects.exists():
        return
    whole = objects.with_name("SHA256.part")
    whole.mkdir(parents=True, exist_ok=True)
    for packed in (ROOT / "data").glob("*/*.gz"):
        content = gzip.decompress(packed.read_bytes())
        (whole / hashlib.sha256(content).hexdigest()).write_bytes(content)
    whole.rename(objects)


def packed_environment(python):
    """For our own programs alone: Python has its own idea of libstdc++."""
    environment = dict(os.environ)
    libraries = [ROOT / "lib", *cuda_folders(python), environment.get("LD_LIBRARY_PATH")]
    environment["LD_LIBRARY_PATH"] = ":".join(str(folder) for folder in libraries if folder)
    stores = [ROOT / "objects", environment.get("MAPNET_OBJECT_STORES")]
    environment["MAPNET_OBJECT_STORES"] = ":".join(str(store) for store in stores if store)
    return environment


def cuda_folders(python):
    """pip's nvidia wheels, which hold cuDNN too, then the toolkit's folders."""
    try:
        listed = subprocess.run([python, "-c", "import sys; print(*sys.path, sep='\\n')"],
                                capture_output=True, text=True).stdout.split("\n")
    except OSError as e:
        give_up(f"--python {python}: {e.strerror}")
    folders = [folder for path in listed if path for folder in Path(path).glob("nvidia/*/lib")]
    nvcc = shutil.which("nvcc")
    homes = [os.environ.get("CUDA_HOME"), Path(nvcc).resolve().parents[1] if nvcc else None,
             "/usr/local/cuda"]
    for home in filter(None, homes):
        folders += [Path(home) / name for name in ("lib64", "lib", "targets/x86_64-linux/lib")]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def has_torch(python):
    try:
        return subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0
    except OSError:  # no such interpreter
        return False


def python_with_torch(given, may_install):
    """An interpreter that imports torch, or (None, why)."""
    if given:
        return (given, "") if has_torch(given) else (None, f"{given} cannot import torch")
    for python in dict.fromkeys(filter(None, [shutil.which("python3"), sys.executable])):
        if has_torch(python):
            return python, ""
    if not may_install:
        return None, "no python3 here imports torch"
    setup = subprocess.run([ROOT / "bench/peers/setup"], capture_output=True, text=True)
    if setup.returncode == 0:
        return setup.stdout.strip(), ""
    last = (setup.stderr.strip().splitlines() or ["no output"])[-1]
    return None, f"no python3 here imports torch, and bench/peers/setup failed: {last}"
