"""What was tried and what came of it; printed at the end of the run, one line of JSON each."""

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, TypeVar

WHOLE = os.environ.get("FUZZ") == "whole"
SEED = int(os.environ.get("FUZZ_SEED", "20261126"))

SHORT = 600  # tries of each kind in the short run
Case = TypeVar("Case")


def some(cases: list[Case], chance: random.Random, most: int = SHORT) -> list[Case]:
    """All of them in the whole run, else a sample that is the same each time."""
    return cases if WHOLE else chance.sample(cases, min(most, len(cases)))


@dataclass
class Tally:
    """``statuses``: how many answers of each; ``broken`` and ``wrong``: where, and with what."""

    what: str
    statuses: Counter[str] = field(default_factory=Counter)
    broken: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, Any] = field(default_factory=dict)

    def count(self, status: int | str) -> None:
        self.statuses[str(status)] += 1

    def summary(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "effort": "whole" if WHOLE else "short",
            "seed": SEED,
            "tried": sum(self.statuses.values()),
            "answers": dict(sorted(self.statuses.items())),
            "broken": len(self.broken),
            "wrong_rights": len(self.wrong),
        }

    def assert_held(self) -> None:
        assert self.statuses, "nothing was tried"
        assert not self.broken, "\n".join(f"{where}: {what}" for where, what in self.broken.items())
        assert not self.wrong, "\n".join(f"{where}: {what}" for where, what in self.wrong.items())
