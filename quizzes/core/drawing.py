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

    As many as there can be, whatever the seed: pools that share questions leave each other what they can spare (a
    matching by augmenting paths). A pool that is short gives what it has.
    """
    keys = [_shuffled(pool, seed) for pool, _count in pools]
    taken: dict[int, int] = {}
    # Small pools go first: then a wide one seldom has to give back what it took.
    for place in sorted(range(len(pools)), key=lambda place: (len(keys[place]), pools[place][1])):
        for _one in range(pools[place][1]):
            if not _take(place, keys, taken, set()):
                break
    return _shuffled(taken, f"order:{seed}")


def _take(place: int, keys: Sequence[Sequence[int]], taken: dict[int, int], asked: set[int]) -> bool:
    """Draw one more for a pool: a free one, else one of another pool that then finds another for itself.

    ``taken``: for which pool each key was drawn; ``asked``: the pools that are looking already.
    """
    asked.add(place)
    free = next((key for key in keys[place] if key not in taken), None)
    if free is not None:
        taken[free] = place
        return True
    for key in keys[place]:
        if taken[key] not in asked and _take(taken[key], keys, taken, asked):
            taken[key] = place
            return True
    return False


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
