"""What the ledger's pages say of lectures and meetings by video (``settings.BESIDE``)."""

from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.beside import Beside
from organizations.models import User


def of_member(*, member: User) -> list[Beside]:
    """The way to the page that tries a phone out; no query."""
    return [Beside(_("检查手机"), _("看看这部手机能不能看直播、参加会议"), reverse("live_check"))]
