"""What still needs a thing that somebody wants to change, withdraw or delete, in words for whoever asks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """One thing that needs another; ``url`` leads to it, where whoever asks may open it.

    ``blocks``: what it needs cannot go before this is over, or has another one.
    """

    text: str
    blocks: bool = False
    url: str = ""
