"""bench/gpu/place.py, which unpacks what bench/gpu/pack made: packed_folder_test.py BENCH_GPU."""

import sys
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, sys.argv.pop(1))

import place  # noqa: E402

CONTENTS = {"bin/mapnet": b"program", "bin/test_map": b"test", "lib/libfmt.so": b"library"}


class PackedFolder(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name) / "packed"
        self.root.mkdir()
        for name, content in CONTENTS.items():
            path = Path(scratch.name) / "payload" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with tarfile.open(self.root / "payload.tar.xz", "w:xz") as payload:
            for part in ("bin", "lib"):
                payload.add(Path(scratch.name) / "payload" / part, part)
        for name, value in (("ROOT", self.root), ("PAYLOAD", self.root / "payload.tar.xz")):
            replaced = mock.patch.object(place, name, value)
            replaced.start()
            self.addCleanup(replaced.stop)

    def check_whole(self):
        found = {str(path.relative_to(self.root)): path.read_bytes()
                 for path in self.root.rglob("*") if path.is_file()}
        del found["payload.tar.xz"]
        self.assertEqual(found, CONTENTS)

    def test_it_is_unpacked_once(self):
        place.unpack()
        self.check_whole()
        with mock.patch.object(tarfile.TarFile, "extractall", side_effect=AssertionError):
            place.unpack()

    def test_an_interrupted_unpacking_is_begun_anew(self):
        def interrupted(payload, folder):
            (Path(folder) / "bin").mkdir(parents=True, exist_ok=True)
            (Path(folder) / "bin/mapnet").write_bytes(b"prog")
            raise KeyboardInterrupt

        with mock.patch.object(tarfile.TarFile, "extractall", interrupted):
            self.assertRaises(KeyboardInterrupt, place.unpack)
        place.unpack()
        self.check_whole()

    def test_one_interrupted_behind_the_libraries_too(self):
        rename = Path.rename

        def interrupted(path, target):
            if Path(target).name == "bin":
                raise KeyboardInterrupt
            return rename(path, target)

        with mock.patch.object(Path, "rename", interrupted):
            self.assertRaises(KeyboardInterrupt, place.unpack)
        place.unpack()
        self.check_whole()


class WhatIsNotThere(unittest.TestCase):
    def test_a_build_is_asked_for_in_plain_words(self):
        with self.assertRaises(SystemExit) as ended:
            place.gpu_tests("/nonexistent/build")
        self.assertIn("/nonexistent/build is not there; build it first", str(ended.exception))

    def test_an_interpreter_that_is_none_has_no_torch(self):
        self.assertEqual(place.python_with_torch("/nonexistent/python", False),
                         (None, "/nonexistent/python cannot import torch"))
        with self.assertRaises(SystemExit) as ended:
            place.cuda_folders("/nonexistent/python")
        self.assertIn("--python /nonexistent/python: No such file", str(ended.exception))


unittest.main()
