"""The forms of meetings: a shipped example, changed by the site and by any unit for itself and what is below it.

Nothing here is law: how often a form is asked, who is expected, what it is called and whether it is used at all is
what the nearest unit says, else the site, else the example.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from meetings.core.year import Per, asked_in_year
from meetings.models import Audience, MeetingForm
from organizations.models import Node


@dataclass(frozen=True, slots=True)
class Form:
    """One form as it holds at a unit; ``owner``: the unit that says so, None for the site or the example."""

    code: str
    name: str
    audience: str
    per: Per
    times: int
    is_used: bool = True
    owner: Node | None = None
    is_example: bool = True

    @property
    def label(self) -> str:
        """Its name in the reader's language, where it is one of the example."""
        return gettext(self.name)

    @property
    def asked(self) -> int:
        """How often it is asked in a year."""
        return asked_in_year(self.per, self.times)

    @property
    def audience_words(self) -> str:
        """Who is expected, in words."""
        return str(Audience(self.audience).label)

    @property
    def asked_words(self) -> str:
        """How often it is asked, in words."""
        if not self.times:
            return gettext("不定次数")
        every = MeetingForm.Every(self.per.value).label
        return gettext("%(every)s %(times)s 次") % {"every": every, "times": self.times}


EXAMPLE = (
    Form("assembly", _("党员大会"), Audience.ALL, Per.QUARTER, 1),
    Form("committee", _("支委会"), Audience.COMMITTEE, Per.MONTH, 1),
    Form("group", _("党小组会"), Audience.GROUP, Per.MONTH, 1),
    Form("lesson", _("党课"), Audience.ALL, Per.QUARTER, 1),
    Form("theme_day", _("主题党日"), Audience.ALL, Per.MONTH, 1),
    Form("first_topic", _("第一议题"), Audience.COMMITTEE, Per.MONTH, 0),
    Form("theory_group", _("理论学习中心组"), Audience.NAMED, Per.QUARTER, 0),
    Form("review", _("组织生活会"), Audience.ALL, Per.YEAR, 1),
)


def _of(row: MeetingForm) -> Form:
    return Form(row.code, row.name, row.audience, Per(row.per), row.times, row.is_used, row.node, is_example=False)


def overlay(rows: Iterable[MeetingForm], path: str) -> dict[str, Form]:
    """Return the forms that hold at ``path``, used or not, by code in order: the example, the site's, then each unit's
    from the root down. ``rows`` may be those of any units."""
    found = {one.code: one for one in EXAMPLE}
    there = [row for row in rows if row.node is None or path.startswith(row.node.path)]
    for row in sorted(there, key=lambda row: (len(row.node.path) if row.node else 0, row.pk)):
        found[row.code] = _of(row)
    return found
