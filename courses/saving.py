"""Lessons that a phone keeps for when there is no network: what it needs of one, and which of those kept may stay.

Only to whoever is on the roster: what they hear of it counts by the rules of every player (attendance/core/watch.py).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from courses.before import first_words
from courses.kept_quizzes import quiz_words
from courses.player import chosen_video, player_for
from courses.queries import Studied, runs_expecting, studies_of
from courses.views import Links, Opened, open_run, packages_in, quizzes_in
from courses.withdrawn import told_if_withdrawn
from media.models import Video
from organizations.permissions import role_required, signed_in
from packages.models import Package
from packages.sentences import Shown as PackageShown

MOST_ASKED = 60  # lessons a phone may ask about at once; it keeps no more
KEY = re.compile(r"([0-9]{1,12})/([0-9]{1,12})")


class KeptLinks(Links):
    """What stands in a lesson on the phone, where most of it has nowhere to lead."""

    def package(self, package: Package) -> PackageShown:
        """A package plays from the site alone."""
        said = super().package(package)
        return said if not said.url else replace(said, url="", said=_("%(said)s。要有网才能学。") % {"said": said.said})

    def video(self, video: Any) -> dict[str, Any]:
        """Of one video the sound is kept, and stands above the text."""
        place = super().video(video) | {"url": "", "step": ""}
        if video.state != Video.State.READY:
            return place
        kind = _("视频") if video.has_picture else _("录音")
        return place | {"about": f"{kind} · {_('上面能听声音') if place['here'] else _('要有网才能放')}"}

    def away(self) -> str:
        """Documents are files of the site."""
        return _("要有网才能打开")


@require_safe
@cache_control(no_store=True)
def saved(request: HttpRequest) -> HttpResponse:
    """The page that shows what the phone keeps: the same for everybody, filled by its island from the phone alone."""
    return render(request, "courses/saved.html")


@require_safe
@never_cache
@role_required()
@told_if_withdrawn
def lesson(request: HttpRequest, occasion_id: int, lesson_id: int) -> JsonResponse:
    """Answer a lesson as the phone keeps it: its text, its sound, and what counts of it."""
    opened = open_run(request, occasion_id)
    studied = opened.lesson(lesson_id)
    if not opened.records or opened.study.is_void:
        raise Http404
    if before := opened.before():
        return JsonResponse({"error": "before", "message": first_words(before)}, status=409)
    video = chosen_video(studied, "")
    player = player_for(opened, studied, video, as_of=timezone.now()) if video else {}
    links = KeptLinks(
        opened.run.pk, lesson_id, video, quizzes_in(opened, studied), packages=packages_in(opened, studied)
    )  # fmt: skip
    page = studied.lesson.page
    base = f"/watch/{opened.run.pk}"
    return JsonResponse(
        {
            "key": f"{opened.run.pk}/{lesson_id}",
            "stamp": stamp_of(studied),
            "number": studied.number,
            "title": page.title,
            "course": opened.run.page.title,
            "unit": opened.run.occasion.node.name,
            "url": reverse("courses_lesson", args=[opened.run.pk, lesson_id]),
            "html": render_to_string("cms/lesson_body.html", {"body": page.body, "links": links, "shell": {}}, request),
            "quizzes": [int(key) for key in studied.lesson.quiz_ids],
            "audio_url": player.get("audio_url", ""),
            "sound": {
                "owner": str(opened.user.public_id),
                "occasion": opened.run.pk,
                "media": player.get("media", ""),
                "duration_ms": player.get("duration_ms", 0),
                "needed_ms": player.get("needed_ms"),
                "credited_ms": player.get("credited_ms", []),
                "records": player.get("records", False),
                "counts_from": counts_from(opened, player),
                "play_url": f"{base}/play",
                "report_url": f"{base}/report",
            },
        }
    )


@require_safe
@never_cache
@role_required()
def state(request: HttpRequest) -> JsonResponse:
    """Answer what became of lessons that a phone keeps (``?of=1/2,1/3``): ``stamps`` of those that may stay, and what
    to say of those ``gone``. Six queries whatever their number."""
    asked = [match for match in map(KEY.fullmatch, request.GET.get("of", "").split(",")[:MOST_ASKED]) if match]
    member, as_of = signed_in(request), timezone.now()
    runs = runs_expecting(member_id=member.pk).filter(pk__in={int(match[1]) for match in asked})
    studies = {study.run.pk: study for study in studies_of(runs=runs, member_id=member.pk, as_of=as_of)}
    stamps, gone = {}, {}
    for match in asked:
        study = studies.get(int(match[1]))
        lessons = () if study is None or study.is_void else study.lessons
        stands = next((one for one in lessons if one.lesson.page.pk == int(match[2])), None)
        if stands is not None:
            stamps[match[0]] = stamp_of(stands)
        elif study is None:
            gone[match[0]] = _("您现在不在这门课的名单里，存的内容已经删除。")
        elif study.is_void:
            gone[match[0]] = _("这门课已作废，不用再学，存的内容已经删除。")
        else:
            gone[match[0]] = _("这一讲老师正在修改，存的内容已经删除。学过的都保存着。")
    return JsonResponse({"stamps": stamps, "gone": gone})


def stamp_of(studied: Studied) -> str:
    """Return what changes when a lesson's text or sound does, and not while more rungs of the same film are made."""
    page, video = studied.lesson.page, chosen_video(studied, "")
    published = page.last_published_at.isoformat() if page.last_published_at else ""
    sound = f"{video.pk} {video.duration_ms or ''}" if video and video.state == Video.State.READY else ""
    return f"{published} {sound}"


def counts_from(opened: Opened, player: Mapping[str, Any]) -> int | None:
    """Return from when what is heard counts, in ms since 1970; None: never."""
    if not player or player.get("is_uncounted"):
        return None
    return int(opened.run.occasion.starts_at.timestamp() * 1000)


def kept_words() -> dict[str, Any]:
    """Return what the island says (frontend/src/kept)."""
    return {
        "saving": _("正在保存，{percent}%"),
        "saved": _("已存到手机，占 {size}。没有网时打开“存在手机里的课”就能学。"),
        "failed": _("没有存成，请在网络好的时候再试一次。"),
        "no_room": _("手机空间不够，没有存成。请先删掉几讲，再试一次。"),
        "total": _("一共占 {size}"),
        "none": _("这部手机里还没有存课。打开一门课或一讲，点“存到手机”。"),
        "removed": _("已从手机删除。"),
        "text_only": _("只有文字"),
        "open": _("打开 ›"),
        "remove": _("从手机删除"),
        "sure": _("再点一次，就从手机删除"),
        "changed": _("老师改过这一讲，请打开这一讲重新存一次。"),
        "old": _("存了很久没有联网核对，请连上网再打开。"),
        "heard": _("听了 {heard}，还没有计入的先存在手机里"),
        "counted": _("已计入 {done}"),
        "reading": _("这里读的不计入；有网时打开这一讲，读完点“读完了”。"),
        "sending": _("网络恢复了，正在补传"),
        "waits": _("还有没补传的记录，联网后自动补传"),
        "preparing": _("正在准备…"),
        "away": _("不在名单上或者需要联网，现在只听，不计入。"),
        **quiz_words(),
    }
