"""What goes on right now: for whoever looks at it then, nothing is being judged yet."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from attendance.kinds import Step, is_in_person, is_meeting, kinds
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
    """Return the way into what goes on; None where nothing does. At most one query."""
    if not is_running(occasion):
        return None
    url = kinds()[occasion.kind].url_for(occasion, member)
    return step_into(occasion, url, is_kept_out=bool(kept_out(member, [occasion])))


def step_into(occasion: Occasion, url: str, *, is_kept_out: bool) -> Step:
    """Return the step to what goes on; whoever was sent away is not asked in, the address says why."""
    if is_kept_out:
        return Step(_("看说明"), url)
    if is_in_person(occasion.kind):
        return Step(_("看会议安排"), url)
    return Step(_("进入会议室") if is_meeting(occasion.kind) else _("进入直播"), url)


def kept_out(member: User, occasions: Iterable[Occasion]) -> set[int]:
    """Return from which of these somebody was sent away and not let in again; no query where there are none."""
    ids = [one.pk for one in occasions if not is_in_person(one.kind)]
    parts: list[Callable[..., set[int]]] = [import_string(path) for path in settings.KEPT_OUT]
    return set().union(*(part(member_id=member.pk, occasion_ids=ids) for part in parts)) if ids else set()


def kept_out_words(kind: str) -> str:
    """Return what is said to whoever was sent away from what goes on."""
    return _("您已被请出会议室") if is_meeting(kind) else _("您已被请出直播间")


def has_to_begin(occasion: Occasion, as_of: datetime) -> str:
    """Return what is said of an occasion whose hour has come, before anybody has opened it; "" for any other."""
    if occasion.state != Occasion.State.SCHEDULED or not occasion.starts_at <= as_of < occasion.ends_at:
        return ""
    if is_in_person(occasion.kind):
        return _("正在开会")
    return _("到时间了，等主持人开会") if is_meeting(occasion.kind) else _("到时间了，等老师开播")
