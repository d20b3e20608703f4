"""Trying mutants: a copy of the tree for each worker, one break at a time, the named tests, and what came of it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.mutant import ENGINE, ROOT, Mutant, broken, stale

LEFT_OUT = (".git", "var", "node_modules", ".venv", "__pycache__", "docs", ".hypothesis", "test-results")
NETWORK = "tests/netns.sh"
LONGEST_S = 180.0
ALL_LONGEST_S = 900.0
CAUGHT, SURVIVED, STALE, UNCLEAR = "caught", "SURVIVED", "STALE", "UNCLEAR"
# pytest's own numbers: all passed, and some failed. Any other is a fault of the trial, and catches nothing.
ALL_PASSED, SOME_FAILED = 0, 1
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant; ``said``: which test caught it, or why it is not caught."""

    mutant: Mutant
    result: str
    said: str
    seconds: float

    def line(self) -> str:
        return f"{self.result:9} {self.seconds:6.1f} s  {self.mutant.name}: {self.said}"


class Tree:
    """A copy of the project in which things may be broken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tree"
        self._var = folder / "var"
        self._var.mkdir()
        self._changes = count(1)
        shutil.copytree(ROOT, self.folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        for shared in (".venv", "frontend/node_modules", "docs"):
            if (ROOT / shared).exists():
                (self.folder / shared).symlink_to((ROOT / shared).resolve())

    def run(
        self, tests: Sequence[str], *, in_network: bool = False, more: Sequence[str] = (), longest_s: float = LONGEST_S
    ) -> tuple[int, str]:
        """Run tests to the first that fails; return pytest's number and what it said. After a while it is killed."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-rfE", "--tb=line", *more, *tests]
        process = subprocess.Popen(
            [f"./{NETWORK}", *command] if in_network else command,
            cwd=self.folder,
            env={**os.environ, "VAR_DIR": str(self._var)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=longest_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
        return process.returncode, said

    @contextlib.contextmanager
    def broken(self, mutant: Mutant) -> Iterator[None]:
        """The tree with one break. Each has a date of its own, so that Python never runs what it compiled before."""
        path = self.folder / mutant.file
        text, seen = path.read_text(encoding="utf-8"), path.stat()
        path.write_text(broken(mutant, text), encoding="utf-8")
        os.utime(path, (seen.st_atime, seen.st_mtime + next(self._changes)))
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def tried(self, mutant: Mutant) -> Outcome:
        """Break it, run its tests, mend it."""
        if why := stale(mutant, self.folder):
            return Outcome(mutant, STALE, why, 0.0)
        began = time.monotonic()
        with self.broken(mutant):
            number, said = self.run(mutant.tests, in_network=mutant.kind == ENGINE)
        found = _FAILED.search(said)
        seconds = time.monotonic() - began
        if number == SOME_FAILED and found:
            return Outcome(mutant, CAUGHT, found[1], seconds)
        if number == ALL_PASSED:
            return Outcome(mutant, SURVIVED, f"{mutant.means} ({mutant.file})", seconds)
        return Outcome(mutant, UNCLEAR, f"pytest ended with {number}: {said[-600:]}", seconds)


def passing(tree: Tree, mutants: Sequence[Mutant], *, workers: int) -> str:
    """Run all named tests where nothing is broken; return what failed, or "": else a failure would prove nothing."""
    for in_network in (False, True):
        tests = sorted({test for one in mutants if (one.kind == ENGINE) is in_network for test in one.tests})
        if tests:
            more = [] if in_network else ["-n", str(workers)]
            number, said = tree.run(tests, in_network=in_network, more=more, longest_s=ALL_LONGEST_S)
            if number != ALL_PASSED:
                return said[-4000:]
    return ""


def try_all(mutants: Sequence[Mutant], trees: Sequence[Tree], tell: Callable[[Outcome], None]) -> list[Outcome]:
    """Try each mutant in one of the trees, side by side."""
    free: SimpleQueue[Tree] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def one(mutant: Mutant) -> Outcome:
        tree = free.get()
        try:
            outcome = tree.tried(mutant)
        finally:
            free.put(tree)
        tell(outcome)
        return outcome

    with ThreadPoolExecutor(len(trees)) as pool:
        return list(pool.map(one, mutants))
