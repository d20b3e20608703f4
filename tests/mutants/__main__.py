"""``python -m tests.mutants [NAME…]``: break one line at a time, and say which test notices. All, or those named.

NAME may be a beginning of names, or a kind (fast, realtime, engine). Ends with 1 where one survives, does not fit the
code any more (stale), or cannot be tried.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.mutants.entries import MUTANTS
from tests.mutants.mutant import KINDS, Mutant
from tests.mutants.trial import CAUGHT, Outcome, Tree, passing, try_all

WORKERS = 2


def chosen(names: list[str]) -> list[Mutant]:
    """The mutants of these names, beginnings or kinds, the slow kinds first; all where nothing is named."""
    found = [one for one in MUTANTS if not names or one.kind in names or one.name.startswith(tuple(names))]
    return sorted(found, key=lambda one: KINDS.index(one.kind))


def main(names: list[str]) -> int:
    mutants, began = chosen(names), time.monotonic()
    if not mutants:
        say(f"no mutant of that name; kinds: {', '.join(KINDS)}; names: {', '.join(one.name for one in MUTANTS)}")
        return 2
    with tempfile.TemporaryDirectory(prefix="classroom-mutants-") as folder:
        trees = []
        for number in range(WORKERS):
            (Path(folder) / str(number)).mkdir()
            trees.append(Tree(Path(folder) / str(number)))
        if failed := passing(trees[0], mutants, workers=WORKERS):
            say(f"{failed}\nthe named tests do not pass where nothing is broken: nothing was tried")
            return 1
        say(f"the named tests pass unbroken ({time.monotonic() - began:.0f} s)")
        outcomes = try_all(mutants, trees, tell)
    counted = Counter(one.result for one in outcomes)
    parts = ", ".join(f"{number} {result}" for result, number in counted.most_common())
    say(f"{len(outcomes)} mutants in {time.monotonic() - began:.0f} s: {parts}")
    return 0 if counted[CAUGHT] == len(outcomes) else 1


def tell(outcome: Outcome) -> None:
    say(outcome.line())


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
