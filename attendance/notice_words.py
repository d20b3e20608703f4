"""The sentences of notices, by their kind: each is made when it is read, from what was kept when it was told."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from attendance.models import Notice
from attendance.standing import state_label


def _recomputed(notice: Notice) -> str:
    """What became of one's own record: only the hours, or the state."""
    before, after = notice.data["before"], notice.data["after"]
    values = {
        "title": notice.occasion.title if notice.occasion else "", "before": state_label(before),
        "after": state_label(after), "hours": notice.data["hours"], "reason": notice.data["reason"],
    }  # fmt: skip
    if before == after:
        return _("“%(title)s”重新认定，结果仍是“%(after)s”，现在记 %(hours)s 学时。原因：%(reason)s") % values
    words = _("“%(title)s”重新认定：从“%(before)s”变为“%(after)s”，现在记 %(hours)s 学时。原因：%(reason)s")
    return words % values


def _recomputed_correction(notice: Notice) -> str:
    title = notice.occasion.title if notice.occasion else ""
    return _("“%(title)s”重新认定以后，您写的更正有的不再成立，请看重新认定的报告。") % {"title": title}


def _recomputed_unit(notice: Notice) -> str:
    values = {"title": notice.occasion.title if notice.occasion else "", "reason": notice.data["reason"]}
    return _("“%(title)s”已经重新认定，有人的结果有变化，请看重新认定的报告。原因：%(reason)s") % values


NOTICES: dict[str, Callable[[Notice], str]] = {
    "recomputed": _recomputed,
    "recomputed_correction": _recomputed_correction,
    "recomputed_unit": _recomputed_unit,
}
