"""What notices say, by their kind: one sentence each, made when it is read."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from attendance.models import Notice


def _of_occasion(text: Callable[[], str]) -> Callable[[Notice], str]:
    return lambda notice: text() % {"title": notice.occasion.title if notice.occasion else ""}


NOTICES: dict[str, Callable[[Notice], str]] = {
    "declared_asked": _of_occasion(lambda: _("“%(title)s”有人申报在别处学过，等您确认。")),
    "declared_confirmed": _of_occasion(lambda: _("您为“%(title)s”申报的学习已经确认，算作已补学。")),
    "declared_refused": _of_occasion(lambda: _("您为“%(title)s”申报的学习没有通过，理由写在申报里。")),
}
