"""The rule of what counts, as stamped on an occasion when it opens. Later settings never re-judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attendance.core.hours import OWN, Conversion


class Basis(StrEnum):
    """What a share is a share of."""

    WINDOW = "window"
    MEDIA = "media"


class UnableToReadRule(ValueError):
    """A stamp holds something that is no rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule. Seconds unless the name says otherwise.

    ``hours`` are the training hours credited, ``by_form`` what an hours table credits instead, by the form in which
    somebody took part (``OWN``: the occasion's own); ``repr`` leaves it out. ``asks_check``: whoever makes up by the
    replay, or by the course after its deadline, answers the check of understanding too; ``repr`` leaves it out.
    """

    name: str = ""
    version: int = 1
    basis: Basis = Basis.WINDOW
    min_share: float = 0.8
    min_minutes: int | None = None
    late_after_s: float = 300
    leave_early_s: float = 300
    bridge_s: float = 30
    outbox_s: float = 60
    make_up_days: float = 14
    hours: Decimal = Decimal(1)
    by_form: tuple[tuple[str, Conversion], ...] = field(default=(), repr=False)
    asks_check: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.min_share <= 1:
            raise UnableToReadRule(f"min_share must lie in (0, 1], not {self.min_share}")
        limits = (self.late_after_s, self.leave_early_s, self.bridge_s, self.outbox_s, self.make_up_days)
        if min(limits) < 0 or self.hours < 0:
            raise UnableToReadRule("a limit of a rule must not be negative")

    @property
    def label(self) -> str:
        """Name and version as printed on every record."""
        return f"{self.name} v{self.version}"

    @property
    def bridge_ms(self) -> int:
        return round(self.bridge_s * 1000)

    @property
    def outbox_ms(self) -> int:
        return round(self.outbox_s * 1000)

    def needed_ms(self, length_ms: int) -> int:
        """Return how much of ``length_ms`` must be covered: the share, or the minutes if more, never more than all."""
        share = round(self.min_share * length_ms)
        return min(max(share, (self.min_minutes or 0) * 60_000), length_ms)

    def hours_for(self, form: str, length_ms: int) -> Decimal:
        """Return the hours for having taken part in this form in something so long."""
        conversion = dict(self.by_form).get(form)
        return self.hours if conversion is None else conversion.of(length_ms)

    def stamp(self) -> dict[str, Any]:
        """Return the rule as plain JSON values."""
        values = {**asdict(self), "basis": str(self.basis), "hours": str(self.hours)}
        del values["by_form"]
        if not self.asks_check:
            del values["asks_check"]
        said = {form or "own": conversion.as_json() for form, conversion in self.by_form}
        return {**values, "by_form": said} if said else values

    @classmethod
    def from_stamp(cls, stamp: Mapping[str, Any]) -> Rule:
        """Return the rule of a stamp; keys that a later version added take their defaults, others are left out."""
        known = {one.name for one in fields(cls)}
        values = {key: value for key, value in stamp.items() if key in known}
        if "basis" in values:
            values["basis"] = Basis(values["basis"])
        if "hours" in values:
            values["hours"] = Decimal(values["hours"])
        if "by_form" in values:
            said = values["by_form"].items()
            values["by_form"] = tuple((OWN if form == "own" else form, Conversion.from_json(one)) for form, one in said)
        return cls(**values)
