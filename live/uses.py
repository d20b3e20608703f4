"""Which lectures need a video as their recording (``settings.USES``), and which are offered for nothing new."""

from datetime import datetime

from django.db.models import Model, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.queries import CALLED_OFF
from attendance.queries.concerned import concerned_by
from attendance.queries.windows import HELD
from attendance.sentences.records import day_and_hour
from live.models import Lecture
from live.operations import let_go_of_recording, why_recording_stays
from media.models import Video
from organizations.models import Role, User
from organizations.permissions import has_role
from organizations.uses import Use

HOSTS = (Role.ORGANISER, Role.LECTURER)


def uses_of(*, thing: Model, user: User, as_of: datetime) -> list[Use]:
    """The lecture of which the video is the recording: it blocks while anybody can make up with it."""
    if not isinstance(thing, Video):
        return []
    lecture = Lecture.objects.select_related("occasion__node", "occasion__rule").filter(recording=thing).first()
    if lecture is None:
        return []
    occasion = lecture.occasion
    is_near = has_role(user, *HOSTS, node=occasion.node)
    name = {"title": occasion.title if is_near else occasion.node.name}
    url = reverse("live_replay", args=[occasion.pk]) if is_near else ""
    stays = why_recording_stays(lecture, as_of=as_of)
    if not stays:
        return [Use(_("它是直播“%(title)s”的回放，补学已经结束；删除后不能再看，学习记录不变") % name, url=url)]
    if occasion.state not in HELD or occasion.make_up_until_at is None or occasion.make_up_until_at <= as_of:
        return [Use(_("它是直播“%(title)s”的回放：%(why)s") % {**name, "why": stays}, blocks=True, url=url)]
    values = {"people": concerned_by(occasion, as_of=as_of).undone, "until": day_and_hour(occasion.make_up_until_at)}
    text = _("它是直播“%(title)s”的回放，%(people)s 人还可以用它补学，到 %(until)s 为止")
    return [Use(text % {**name, **values}, blocks=True, url=url)]


def let_go(*, thing: Model, as_of: datetime, actor_id: int | None) -> None:
    """A recording with which nobody can make up any more is let go of: the lecture is without one then."""
    if isinstance(thing, Video):
        let_go_of_recording(video_id=thing.pk, actor_id=actor_id, as_of=as_of)


def apart() -> Q:
    """What was recorded of meetings: nobody's to manage, preview or put to use (``settings.VIDEOS_APART``)."""
    return Q(lecture__kind=Lecture.Kind.MEETING)


def withheld() -> Q:
    """Recordings of lectures that were not held, or declared void (``settings.VIDEOS_WITHHELD``)."""
    return Q(lecture__occasion__state__in=CALLED_OFF)
