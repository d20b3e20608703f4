"""Which questions an attempt gets, in which order, and how many right ones pass. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

MOST_DRAWN = 50
MOST_PARTS = 6


@dataclass(frozen=True, slots=True)
class Part:
    """So many questions of a tag; the empty tag means any question of the bank."""

    tag: str
    count: int


def drawn(*, pools: Sequence[tuple[Collection[int], int]], seed: str) -> list[int]:
    """Return the keys drawn, in the order of the attempt: from each pool so many, none twice, the same for a seed.

    Small pools go first, so that a wide one does not take the few questions of a narrow one. A pool that is short
    gives what it has.
    """
    taken: set[int] = set()
    for keys, count in sorted(pools, key=lambda pool: (len(pool[0]), pool[1])):
        free = [key for key in _shuffled(keys, seed) if key not in taken]
        taken.update(free[:count])
    return _shuffled(taken, f"order:{seed}")


def _shuffled(keys: Iterable[int], seed: str) -> list[int]:
    return sorted(keys, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest())


def needed(*, percent: int, of: int) -> int:
    """Return how many right answers pass: the share rounded up, one at least."""
    return max(1, -(-of * percent // 100))


def number_words(numbers: Sequence[int], *, comma: str, dash: str) -> str:
    """Return numbers in short, runs of three and more joined: 1, 3–6"""
    runs: list[list[int]] = []
    for one in sorted(numbers):
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    said = [f"{run[0]}{dash}{run[-1]}" if len(run) > 2 else comma.join(map(str, run)) for run in runs]
    return comma.join(said)
