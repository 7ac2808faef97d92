"""bench/gpu/prove with a ctest and a compute-sanitizer of a test's own: prove_test.py BENCH_GPU."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH_GPU = Path(sys.argv.pop(1))

# As NVIDIA's: memcheck reports the calls that CUDA refuses, unless it is told not to.
SANITIZER = """#!/bin/sh
case "$*" in
  *"--tool memcheck"*"--report-api-errors no"*) echo "ERROR SUMMARY: 0 errors" ;;
  *"--tool memcheck"*) echo "ERROR SUMMARY: 1 error" ;;
  *"--tool racecheck"*) echo "RACECHECK SUMMARY: 0 hazards displayed" ;;
  *) echo "ERROR SUMMARY: 0 errors" ;;
esac
"""
TESTS = {"tests": [{"name": "session_cuda", "command": ["true"], "properties": [
    {"name": "ENVIRONMENT", "value": ["MAPNET_TEST_DEVICE=cuda"]}]}]}


class Prove(unittest.TestCase):
    def test_calls_that_cuda_refuses_on_purpose_are_no_finding(self):
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            for name, text in (("build/CTestTestfile.cmake", ""), ("tools/compute-sanitizer", SANITIZER),
                               ("tools/ctest", f"#!/bin/sh\necho '{json.dumps(TESTS)}'\n")):
                path = root / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
                path.chmod(0o755)
            done = subprocess.run(
                [sys.executable, "-B", BENCH_GPU / "prove", "--build", root / "build", "--out", root / "out"],
                capture_output=True, text=True,
                env=os.environ | {"PATH": f"{root / 'tools'}:{os.environ['PATH']}"})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("5 runs proved, 0 not", done.stdout)


unittest.main()
