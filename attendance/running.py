"""What goes on right now: for whoever looks at it then, nothing is being judged yet."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from attendance.kinds import Step, is_in_person, kinds
from attendance.models import Occasion, RecordState, Rule
from attendance.standing import state_label
from organizations.models import User

RUNNING = "running"


def is_running(occasion: Occasion) -> bool:
    """Whether an occasion with a window is open: what counts there is decided when it ends."""
    return occasion.state == Occasion.State.OPEN and occasion.rule.basis == Rule.Basis.WINDOW


def chip_of(occasion: Occasion, state: str) -> str:
    """Return the state to be shown: that it goes on, where nothing can be decided before it ends."""
    return RUNNING if state == RecordState.PENDING and is_running(occasion) else state


def running_label() -> str:
    """Return what the chip of something that goes on says."""
    return _("正在进行")


def state_words(occasion: Occasion, state: str) -> str:
    """Return how somebody stands at an occasion in the words that everybody reads, whoever it is."""
    return running_label() if chip_of(occasion, state) == RUNNING else state_label(state)


def pending_words(occasions: Iterable[Occasion]) -> str:
    """Return what those are called of whom nothing is decided yet at any of these occasions together."""
    found = list(occasions)
    judging = any(one.state == Occasion.State.CLOSED for one in found)
    return (
        running_label() if not judging and any(is_running(one) for one in found) else state_label(RecordState.PENDING)
    )


def way_in(occasion: Occasion, member: User) -> Step | None:
    """Return the way into what goes on; None where nothing does, or people meet in a place."""
    if not is_running(occasion):
        return None
    label = _("看会议安排") if is_in_person(occasion.kind) else _("进入直播")
    return Step(label, kinds()[occasion.kind].url_for(occasion, member))


def has_to_begin(occasion: Occasion, as_of: datetime) -> str:
    """Return what is said of an occasion whose hour has come, before anybody has opened it; "" for any other."""
    if occasion.state != Occasion.State.SCHEDULED or not occasion.starts_at <= as_of < occasion.ends_at:
        return ""
    return _("正在开会") if is_in_person(occasion.kind) else _("到时间了，等老师开播")
