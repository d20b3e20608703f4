"""What is said of lectures that were planned together."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.sentences.records import moment
from live.models import Lecture


def series_planned_words(made: int) -> str:
    """Return what is said once a series is planned."""
    said = ngettext(
        "已安排 %(count)s 场直播。讲师会在“直播”里看到它们；每一场都可以单独改。",
        "已安排 %(count)s 场直播。讲师会在“直播”里看到它们；每一场都可以单独改。",
        made,
    )
    return said % {"count": made}


def series_changed_words(changed: int) -> str:
    """Return what is said once several lectures of a series were changed."""
    return ngettext("已修改 %(count)s 场的安排。", "已修改 %(count)s 场的安排。", changed) % {"count": changed}


def series_cancelled_words(cancelled: int) -> str:
    """Return what is said once several lectures of a series were cancelled."""
    return ngettext("已取消 %(count)s 场直播。", "已取消 %(count)s 场直播。", cancelled) % {"count": cancelled}


def series_words(lecture: Lecture, later: int, elsewhere: int) -> str:
    """Return of which series a lecture is one, and how many follow; "" for one that is in no series.

    ``elsewhere``: how many more follow that whoever asks may not change.
    """
    if lecture.series is None:
        return ""
    every = lecture.series.get_every_display()
    if not later and not elsewhere:
        return _("这是“%(every)s”重复的一场，后面没有了。") % {"every": every}
    if not later:
        return _("这是“%(every)s”重复的一场。") % {"every": every} + elsewhere_words(elsewhere)
    said = ngettext(
        "这是“%(every)s”重复的一场，后面还有 %(count)s 场。修改和取消时可以选只动这一场，或者连后面的一起。",
        "这是“%(every)s”重复的一场，后面还有 %(count)s 场。修改和取消时可以选只动这一场，或者连后面的一起。",
        later,
    )
    return said % {"every": every, "count": later} + elsewhere_words(elsewhere)


def elsewhere_words(count: int) -> str:
    """Return how many that follow in a series stay as they are, because they are another unit's; "" for none."""
    said = ngettext(
        "后面另有 %(count)s 场现在属于别的组织，不归您安排，修改和取消都不会动到。",
        "后面另有 %(count)s 场现在属于别的组织，不归您安排，修改和取消都不会动到。",
        count,
    )
    return said % {"count": count} if count else ""


def series_cancel_words(later: Sequence[Lecture], people: int) -> str:
    """Return what cancelling a lecture and all that follow does, before anybody does it. ``people``: of all, once."""
    said = ngettext(
        "后面还有 %(count)s 场：%(times)s。连后面的一起取消，一共涉及 %(people)s 人。",
        "后面还有 %(count)s 场：%(times)s。连后面的一起取消，一共涉及 %(people)s 人。",
        len(later),
    )
    times = _("、").join(moment(one.occasion.starts_at) for one in later)
    return said % {"count": len(later), "times": times, "people": people}
