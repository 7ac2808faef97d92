"""Runs the parts of a report one after the other within a budget of seconds."""

import json
import sys
import time

from process import run_limited


class Parts:
    """What ran, how long, and what did not and why: nothing is dropped without a word."""

    def __init__(self, budget):
        self.start = time.monotonic()
        self.budget = budget
        self.log = []  # name, seconds, problem ("" where it ran)

    def left(self):
        return self.budget - (time.monotonic() - self.start)

    def run(self, name, command, timeout, environment=None, absent=None):
        """What the program printed, or None; one that ends with `absent` says what it lacks."""
        if self.left() < 5:
            return self.fail(name, 0, f"not run: the budget of {self.budget} s is spent")
        print(f"[{time.monotonic() - self.start:5.0f} s] {name}", file=sys.stderr, flush=True)
        began = time.monotonic()
        limit = min(timeout, self.left())
        try:
            done = run_limited(command, limit, environment)
        except OSError as e:
            return self.fail(name, 0, f"cannot be started: {e}")
        seconds = time.monotonic() - began
        if done.code is None:
            problem = f"stopped after {limit:.0f} s"
        elif absent is not None and done.code == absent:
            problem = f"absent: {done.last_line()}"
        elif done.code != 0:
            problem = f"ended with {done.code}: {done.last_line()}"
        else:
            problem = ""
        if problem:
            self.fail(name, seconds, problem)
        else:
            self.log.append((name, seconds, ""))
        return done.out  # of a program that stopped half-way: the cases that worked

    def fail(self, name, seconds, problem):
        print(f"        {problem}", file=sys.stderr, flush=True)
        self.log.append((name, seconds, problem))

    def json(self, name, *arguments, **options):
        """The one object a program prints, or None."""
        output = self.run(name, *arguments, **options)
        try:
            return json.loads(output) if output else None
        except json.JSONDecodeError as e:
            return self.fail(name, 0, f"printed no JSON: {e}")

    def json_lines(self, *arguments, **options):
        output = self.run(*arguments, **options) or ""
        return [json.loads(line) for line in output.splitlines()
                if line.startswith("{") and line.endswith("}")]

    def problems(self):
        # A part that is run twice and fails twice is told of once.
        return list(dict.fromkeys((name, problem) for name, _, problem in self.log if problem))
