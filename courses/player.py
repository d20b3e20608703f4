"""What the player partial (cms/player.html) is told about a lesson's video."""

from datetime import datetime
from typing import Any, Protocol

from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.core.intervals import Spans
from attendance.queries import last_position_ms
from cms.core.lesson import media_key
from courses.models import CourseRun
from courses.queries import Studied, Study, lesson_amount
from media.models import Video
from media.queries import UnableToPlay, playback
from organizations.models import User


class Reading(Protocol):
    """Who reads which course, and whether their time counts."""

    @property
    def user(self) -> User: ...
    @property
    def run(self) -> CourseRun: ...
    @property
    def study(self) -> Study: ...
    @property
    def records(self) -> bool: ...


def chosen_video(studied: Studied, asked: str) -> Video | None:
    """Return the video that was asked for by its id; else the first that can play; None in a lesson without one."""
    videos = studied.lesson.videos
    by_id = {str(video.pk): video for video in videos}
    ready = next((video for video in videos if video.state == Video.State.READY), None)
    return by_id.get(asked) or ready or (videos[0] if videos else None)


def player_for(reading: Reading, studied: Studied, video: Video, *, as_of: datetime) -> dict[str, Any]:
    """Return the partial's ``player``; without addresses and with a message while there is nothing to play."""
    run, key, page = reading.run, media_key(video.pk), studied.lesson.page
    player: dict[str, Any] = {
        "occasion": run.pk,
        "media": key,
        "hls_url": "",
        "audio_url": "",
        "poster_url": "",
        "duration_ms": video.duration_ms or 0,
        "seek_ahead": run.page.seek_ahead,
        "title": page.title,
        "subtitle": _("%(course)s · 第 %(number)s 讲，共 %(all)s 讲")
        % {"course": run.page.title, "number": studied.number, "all": len(reading.study.lessons)},
        "records": reading.records and run.occasion.starts_at <= as_of and not reading.study.is_void,
    }
    try:
        found = playback(video=video, viewer_id=reading.user.pk, as_of=as_of)
    except UnableToPlay:
        failed = video.state == Video.State.FAILED
        player["message"] = _("这个视频没有处理成功，组织员正在重新处理。") if failed else ""
        return player
    player.update(found.addresses())
    player["duration_ms"] = found.duration_ms
    player["chapters"] = found.chapters
    player["storyboard"] = found.storyboard
    is_beside = studied.lesson.is_optional and key not in (run.occasion.media_items or {})
    if is_beside:
        player["records"] = False
    if reading.study.is_void or is_beside:
        player["is_uncounted"] = True
    else:
        player.update(_standing(reading, key, found.duration_ms))
    base = [run.pk, page.pk]
    player["refresh_url"] = f"{reverse('courses_media', args=base)}?v={video.pk}"
    player["back_url"] = reverse("courses_course", args=[run.pk])
    player["fault_url"] = reverse("video_fault", args=[video.pk])
    may_complete = len(studied.lesson.videos) == 1 and not reading.study.is_void and not is_beside
    may_complete = may_complete and not studied.asks_quizzes  # what is watched alone finishes nothing there
    player["complete_url"] = reverse("courses_complete", args=base) if may_complete else ""
    return player


def _standing(reading: Reading, key: str, duration_ms: int) -> dict[str, Any]:
    """What counted so far, what is asked for, and where to go on."""
    run, member_id = reading.run, reading.user.pk
    credit = reading.study.credit.get(key, Spans())
    amount = lesson_amount(run.occasion, credit, duration_ms)
    return {
        "credited_ms": credit.clip(0, duration_ms).as_lists(),
        "needed_ms": amount.needed_ms,
        "asked": amount.asked,
        "position_ms": last_position_ms(occasion_id=run.pk, member_id=member_id, media=key),
    }
