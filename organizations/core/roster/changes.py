"""What an import would do and what it has to ask first, as codes with parameters (``roster_words.py`` speaks)."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Said:
    """One sentence: a code of ``roster_words`` and what stands in it."""

    code: str
    values: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """One possible answer. For a person: renamed, new_phone, new_person or namesake; for a unit: new, same0, same1 …"""

    answer: str
    effect: Said


@dataclass(frozen=True)
class Question:
    """What the file leaves open about one row; nothing is taken over before it is answered.

    ``key`` stands for everything that is shown: once anything about the question changes, an old answer no longer fits.
    """

    key: str
    row: int
    sheet: str
    column: str
    text: Said
    options: tuple[Option, ...]
    answer: str = ""

    def answered(self, answer: str) -> "Question":
        """The question with this answer, or still open where it is none of the options."""
        return replace(self, answer=answer if answer in {option.answer for option in self.options} else "")


@dataclass(frozen=True)
class RosterLine:
    """What happens to one person.

    ``kind``: created, moved, updated, left, returned, unchanged, or skipped (leaves, but was never here).
    """

    row: int
    kind: str
    name: str
    place: str
    was: str = ""
    changes: tuple[str, ...] = ()
    notes: tuple[Said, ...] = ()
    sheet: str = ""


@dataclass(frozen=True)
class Absent:
    """Somebody who belongs below the node but is not in the file. ``mentioned``: the file speaks of their unit."""

    member_id: int
    name: str
    unit: str
    mentioned: bool
