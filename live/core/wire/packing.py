"""What fits into one shared frame: all that must be known, and as much chat as the room can take in. Pure."""

from collections.abc import Sequence

# A frame goes to every phone of a room four times a second; nobody reads more than a screen of chat in that time.
BUDGET = 1024


def sample(lines: Sequence[str], *, budget: int = BUDGET) -> tuple[list[str], int]:
    """Return the encoded chat lines that fit into ``budget`` bytes, in order, and how many were left out.

    When all of them do not fit, the sample is spread evenly over the tick, so that nobody is favoured for being first.
    At least one line is kept.
    """
    sizes = [len(line.encode()) for line in lines]
    if sum(sizes) <= budget:
        return list(lines), 0
    fit = max(1, len(lines) * budget // sum(sizes))
    while fit > 1 and sum(sizes[index] for index in _spread(len(lines), fit)) > budget:
        fit -= 1
    chosen = [lines[index] for index in _spread(len(lines), fit)]
    return chosen, len(lines) - len(chosen)


def tick(*, seq: int, people: int, left_out: int, events: Sequence[str]) -> str:
    """Return the tick frame around events that are encoded already."""
    return f'{{"t":"tick","seq":{seq},"people":{people},"left_out":{left_out},"events":[{",".join(events)}]}}'


def _spread(count: int, fit: int) -> list[int]:
    return [index * count // fit for index in range(fit)]
