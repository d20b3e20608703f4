"""Names of a list in which some are the same: each of those is told apart by the end of a phone or member number."""

from collections import Counter
from collections.abc import Iterable

from django.utils.translation import gettext as _

TAIL = 4


def told_apart(people: Iterable[tuple[int, str, str | None, str | None]]) -> dict[int, str]:
    """Return how each of these people is called in their list, by id: the name, and of those who share it with
    somebody else the end of their phone number, or of the member number of whoever has no phone.

    ``people``: (id, name, last four digits of the phone, member number); one person may stand there twice.
    No phone is "", one that the page must not carry (the hall's, which strangers look at) None.
    """
    known = {member_id: (name, last4, number or "") for member_id, name, last4, number in people}
    times = Counter(name for name, _last4, _number in known.values())
    return {
        member_id: name if times[name] == 1 else _called(name, last4, number[-TAIL:])
        for member_id, (name, last4, number) in known.items()
    }


def _called(name: str, last4: str | None, number: str) -> str:
    if last4:
        return _("%(name)s（手机尾号 %(last4)s）") % {"name": name, "last4": last4}
    if number:
        return _("%(name)s（编号尾号 %(last4)s）") % {"name": name, "last4": number}
    return name if last4 is None else _("%(name)s（无手机）") % {"name": name}
