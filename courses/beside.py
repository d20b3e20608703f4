"""What the ledger's pages say of courses (``settings.BESIDE``)."""

from datetime import datetime

from django.utils.translation import gettext as _

from attendance.beside import Beside
from courses.path_words import path_url, steps_done
from courses.walking import brief, line_of, paths_above, runs_walked, walk
from organizations.models import Membership, User

LOOKED_AT = 50


def of_today(*, member: User, membership: Membership | None, as_of: datetime) -> list[Beside]:
    """Return the one learning path with which a person goes on: begun, not finished, with something to study now.

    One query where there is no path above them; three more, whatever their number, where there is.
    """
    line = line_of(membership)
    paths = list(paths_above(line)[:LOOKED_AT])
    if not paths:
        return []
    studies = brief(runs_walked(paths, member_id=member.pk, line=line), member_id=member.pk, as_of=as_of)
    walks = (walk(path, studies, as_of=as_of) for path in paths)
    going = next((one for one in walks if one.is_begun and not one.is_finished and one.next is not None), None)
    if going is None:
        return []
    title = _("学习路径“%(title)s”") % {"title": going.path.title}
    return [Beside(title, steps_done(going), path_url(going.path))]
