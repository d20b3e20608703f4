"""What stands in a meeting's minutes after an end: what was noted in the room, and what somebody wrote by hand."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Noted:
    """What was studied, and decisions as title and text."""

    studied: str = ""
    decisions: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.studied and not self.decisions


def merged(*, before: Noted, now: Noted, written: Noted) -> Noted:
    """Bring into the minutes what changed in the room.

    ``before``: what was noted at the last end, which was undone (nothing, if there was none); ``now``: what is noted;
    ``written``: the version that holds. What stands there by somebody's own hand stays; what was noted since comes
    behind it, and what was taken back leaves it.
    """
    gone = [one for one in before.decisions if one not in now.decisions]
    stays = [one for one in written.decisions if one not in gone]
    come = [one for one in now.decisions if one not in before.decisions and one not in stays]
    studied = written.studied
    if now.studied != before.studied:
        if written.studied == before.studied:
            studied = now.studied
        elif now.studied not in written.studied:
            studied = f"{written.studied}\n{now.studied}"
    return Noted(studied, (*stays, *come))
