"""What is said under lessons, on the organiser's desk (``attendance.desk``)."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.desk import MOST, Matter
from attendance.kinds import Step
from courses.discussion import waiting_by_lesson
from organizations.models import User


def comments(user: User, as_of: datetime) -> list[Matter]:
    """Return under which lessons comments wait for a person, new ones and reported ones; one query."""
    found = []
    for row in waiting_by_lesson(user)[:MOST]:
        said = ngettext("“%(title)s”有 %(count)d 条留言等您看", "“%(title)s”有 %(count)d 条留言等您看", row["count"])
        step = Step(_("去看"), reverse("courses_talk", args=[row["run_id"]]))
        title, about = row["lesson"] or row["title"], [row["title"], row["unit"]]
        found.append(Matter(said % {"title": title, "count": row["count"]}, " · ".join(about), step))
    return found
