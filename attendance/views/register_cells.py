"""The signs of a register's cells: what stands in one, its word, how it looks, and its HTML."""

from collections.abc import Callable
from functools import lru_cache

from django.utils.html import format_html
from django.utils.translation import gettext as _

from attendance.models import RecordState
from attendance.standing import DUE, state_label

SIGNS: dict[str, Callable[[], str]] = {
    RecordState.ATTENDED.value: lambda: _("已"),
    RecordState.MADE_UP.value: lambda: _("补"),
    RecordState.EXCUSED.value: lambda: _("假"),
    RecordState.EXEMPT.value: lambda: _("免"),
    RecordState.MISSING.value: lambda: _("缺"),
    RecordState.INCOMPLETE.value: lambda: _("录不全"),
    RecordState.PENDING.value: lambda: "…",
    DUE: lambda: _("学"),
}
LOOKS = {
    RecordState.ATTENDED.value: "y", RecordState.MADE_UP.value: "m", RecordState.EXCUSED.value: "l",
    RecordState.EXEMPT.value: "l", RecordState.MISSING.value: "x", RecordState.INCOMPLETE.value: "p", DUE: "p",
    RecordState.PENDING.value: "w",
}  # fmt: skip


def plain(state: str) -> tuple[str, str, str]:
    return SIGNS[state](), state_label(state), LOOKS[state]


def cell_html(member_id: int, occasion_id: int, said: tuple[str, str, str], *, linked: bool) -> str:
    """Return a cell's HTML. There may be 20,000 on a page: what is said in it is escaped once, the rest are numbers."""
    before, after = _written(said, linked)
    return f"{before}{occasion_id}/{member_id}/{after}" if linked else before


@lru_cache(maxsize=2000)
def _written(said: tuple[str, str, str], linked: bool) -> tuple[str, str]:
    sign, word, look = said
    if not linked:
        form = '<td class="{}" title="{}"><span aria-hidden="true">{}</span><span class="unseen">{}</span></td>'
        return format_html(form, look, word, sign, word), ""
    return (
        format_html('<td class="{}"><a href="', look),
        # The name begins with what is seen: whoever speaks to the phone says that.
        format_html('" title="{}" aria-label="{} {}">{}</a></td>', word, sign, word, sign),
    )
