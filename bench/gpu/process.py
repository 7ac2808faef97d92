"""Runs a program with a limit on its time, and everything it has started with it."""

import os
import signal
import subprocess
from dataclasses import dataclass


@dataclass
class Done:
    code: int | None  # None: stopped at the limit
    out: str
    err: str

    def last_line(self):
        lines = self.err.strip().splitlines() or self.out.strip().splitlines()
        return lines[-1] if lines else "no message"


def run_limited(command, limit, environment=None):
    """Throws OSError where the program cannot be started."""
    child = subprocess.Popen([str(word) for word in command], env=environment, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
    code = None
    try:
        out, err = child.communicate(timeout=limit)
        code = child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # its own group: the child and its children alone
        out, err = child.communicate()
    return Done(code, out, err)
