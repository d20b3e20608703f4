"""What is said under lessons, on the organiser's desk (``attendance.desk``)."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.desk import MOST, Matter
from attendance.kinds import Step
from courses.discussion import waiting_by_run
from organizations.models import User


def comments(user: User, as_of: datetime) -> list[Matter]:
    """Return in which courses comments wait for a person, new ones and reported ones; one query."""
    found = []
    for row in waiting_by_run(user)[:MOST]:
        said = ngettext("“%(title)s”有 %(count)d 条留言等您看", "“%(title)s”有 %(count)d 条留言等您看", row["count"])
        step = Step(_("去看"), reverse("courses_talk", args=[row["run_id"]]))
        found.append(Matter(said % {"title": row["title"], "count": row["count"]}, row["unit"], step))
    return found
