"""The lecture's pages: the list, the member's room, the lecturer's desk, the replay."""

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from attendance.catching_up import Way, catch_up_of
from attendance.models import RecordState
from attendance.operations import settle_dirty
from attendance.queries import credited, last_position_ms
from attendance.queries.sessions import sessions_ahead
from attendance.queries.windows import HELD, roster_day
from attendance.sentences.checks import check_asked_words, check_card
from attendance.sentences.records import day, day_and_hour, hour, length, near_span, span
from attendance.standing import Amount, is_due_over, standings_of
from attendance.views.told_off import led_back_where_off
from live import queries
from live.core import lifecycle
from live.models import Lecture
from live.permissions import expects, is_removed, may_cut, may_host, may_join, may_read_recording
from live.queries import encoder_key, is_half_missing, lectures_for, own_first
from live.queries.slides import ReplaySlides
from live.sentences.asking import ask_words, host_ask_words
from live.sentences.captions import caption_words
from live.sentences.plan import roster_day_words
from live.sentences.room import host_words, missing_rows, missing_words, room_words
from live.sentences.slides import chapter_title, slide_room_words, slide_words
from live.views.access import lecture_page
from live.views.addresses import urls_of
from live.views.api import room_state
from live.views.link import short_address
from live.views.meeting import meeting_room
from live.views.rows import coming_row, given_row
from live.views.slides import slides_url
from media.core.chapters import Chapter
from media.permissions import may_preview_video
from media.queries import UnableToPlay, playback
from organizations.display import is_lite
from organizations.models import Role, User
from organizations.permissions import has_role, role_required, signed_in

A_PAGE = 20


@require_GET
@role_required(Role.ORGANISER, Role.LECTURER)
def index(request: HttpRequest) -> HttpResponse:
    """Lectures that I give, then those that I only organise: to come and live first, then those given, newest first."""
    user = signed_in(request)
    mine = lectures_for(user)
    open_states = [Lecture.State.SCHEDULED, Lecture.State.LIVE]
    now = timezone.now()
    coming = own_first(mine.filter(state__in=open_states), user, "occasion__starts_at", "pk")
    over = own_first(mine.exclude(state__in=open_states), user, "-occasion__starts_at", "-pk")
    page = Paginator(over, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "live",
        "coming": [coming_row(user, lecture, as_of=now) for lecture in coming[:100]],
        "page": page,
        "given": [given_row(lecture, as_of=now) for lecture in page],
        "may_schedule": has_role(user, Role.ORGANISER),
    }
    return render(request, "live/index.html", context)


def removed_page(request: HttpRequest, lecture: Lecture) -> HttpResponse | None:
    """The room's address for whoever was removed from it: what happened, and what is left; None for others.

    404 as for everybody without the right. Over, the replay is theirs like anybody's who missed it.
    """
    if not is_removed(signed_in(request), lecture):
        return None
    if lecture.is_over:
        return redirect("meeting" if lecture.is_meeting else "live_replay", occasion_id=lecture.pk)
    ticket = reverse("live_ticket", args=[lecture.pk])
    context = {"occasion": lecture.occasion, "ticket": ticket, "is_meeting": lecture.is_meeting}
    return render(request, "live/removed.html", context, status=404)


@require_GET
@led_back_where_off
@lecture_page(may_join, otherwise=removed_page, meets=True)
def room(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The member's room: waiting, live, and what comes after."""
    if lecture.is_meeting:
        return meeting_room(request, lecture)
    user, now = signed_in(request), timezone.now()
    data = {
        "occasion": lecture.pk,
        "you": user.pk,
        "lecturer": lecture.lecturer_id,
        "owner": str(user.public_id),
        "counted": expects(lecture.occasion, user.pk),
        "is_lite": is_lite(request),
        "urls": urls_of(lecture),
        "words": room_words(),
        "ask_words": ask_words(),
        "slide_words": slide_room_words(),
        **room_state(lecture, user, as_of=now),
    }
    occasion = lecture.occasion
    context = {
        "lecture": lecture,
        "occasion": occasion,
        "data": data,
        "record_url": reverse("me_record", args=[lecture.pk]) if data["counted"] else reverse("me"),
        "when": near_span(occasion.starts_at, occasion.ends_at, now),
        "roster": _("按 %(day)s 的组织关系") % {"day": day(roster_day(occasion, as_of=now))},
        "is_host": may_host(user, lecture),
    }
    return render(request, "live/room.html", context)


@require_GET
@lecture_page(may_host, meets=True)
def host(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The lecturer's desk: check camera and microphone, go live, lead, end."""
    if lecture.is_meeting:  # led from where everybody sits
        return redirect("live_room", occasion_id=lecture.pk)
    user, now = signed_in(request), timezone.now()
    is_scheduled = lecture.state == Lecture.State.SCHEDULED
    context = {
        **desk_context(lecture, user, as_of=now),
        "short": short_address(request, lecture),
        "has_paper": lecture.code is not None and is_scheduled,
        "may_void": has_role(user, Role.ORGANISER, node=lecture.occasion.node),
        "may_rehearse": is_scheduled,
    }
    return render(request, "live/host.html", context)


def desk_context(lecture: Lecture, user: User, *, as_of: dt.datetime) -> dict[str, Any]:
    """Return what the lecturer's desk shows, with what its island begins with (``data``)."""
    occasion = lecture.occasion
    data = {
        "occasion": lecture.pk,
        "you": user.pk,
        "lecturer": lecture.lecturer_id,
        "owner": str(user.public_id),
        "urls": urls_of(lecture),
        "words": host_words(),
        "ask_words": host_ask_words(),
        "slide_words": slide_room_words() | slide_words(),
        "caption_words": caption_words(),
        "opens_at": round(lifecycle.opens_at(occasion.starts_at).timestamp() * 1000),
        "title": occasion.title,
        "encoder_key": encoder_key(occasion_id=lecture.pk) is not None,
        **room_state(lecture, user, as_of=as_of),
    }
    when, roster = span(occasion.starts_at, occasion.ends_at), roster_day_words(roster_day(occasion, as_of=as_of))
    return {
        "occasion": occasion,
        "data": data,
        "plan": f"{when} · {occasion.node.name} · {roster}",
        "is_desk": True,
    }


@require_GET
@lecture_page(may_read_recording, otherwise=removed_page)
def replay(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The recording, for those who catch up and those who look again. Before it exists, the way back to the room."""
    user = signed_in(request)
    if not lecture.is_over and may_join(user, lecture):
        return redirect("live_room", occasion_id=lecture.pk)
    occasion, now = lecture.occasion, timezone.now()
    player = player_of(lecture, user)
    until = occasion.make_up_until_at
    is_half = bool(lecture.holes) and is_half_missing(occasion, as_of=now)
    notice, kind = replay_notice(lecture, player, as_of=now)
    context = {
        "lecture": lecture,
        "occasion": occasion,
        "player": player,
        "notice": notice,
        "notice_kind": kind,
        "missing": missing_rows(lecture) if lecture.recording is not None else [],
        "is_half_missing": is_half,
        "missing_words": missing_words(is_half=is_half),
        "held_at": f"{date_format(timezone.localtime(occasion.starts_at), 'DATE_FORMAT')} {hour(occasion.starts_at)}",
        "make_up_until": day_and_hour(until) if until else "",
        "sessions": _sessions(lecture, user, player, as_of=now),
        "may_cut": bool(player["hls_url"]) and may_cut(user, lecture),
        "captions_url": _captions_url(lecture, user),
        "may_repeat": occasion.state in HELD and may_host(user, lecture),
        "slides": _slides(lecture, user, player),
        **_check_card(lecture, user, as_of=now),
    }
    return render(request, "live/replay.html", context)


def _sessions(lecture: Lecture, user: User, player: dict[str, Any], *, as_of: dt.datetime) -> tuple[Way, ...]:
    """Return the further sessions at which whoever owes this one can make it up instead."""
    if not player.get("is_owed"):
        return ()
    ahead = sessions_ahead([lecture.occasion], as_of=as_of).get(lecture.pk, [])
    path = catch_up_of(occasion=lecture.occasion, state=RecordState.MISSING, as_of=as_of, member=user, sessions=ahead)
    return tuple(path.sessions) if path else ()


def _slides(lecture: Lecture, user: User, player: dict[str, Any]) -> dict[str, Any]:
    """Return the slides of the replay, where there are any; two queries, else none.

    Where nobody has written chapters, the player gets those of the slides.
    """
    found = queries.replay_slides(lecture) if player["hls_url"] else None
    if not found or not found.steps:
        return {}
    player["chapters"] = player["chapters"] or slide_chapters(found)
    return {
        "url": slides_url(lecture, user),
        "steps": [[step.at, step.deck, step.page] for step in found.steps],
        "words": slide_room_words(),
    }


def slide_chapters(slides: ReplaySlides) -> tuple[Chapter, ...]:
    """Return the chapters of a recording that follow from its slides."""
    return tuple(Chapter(each.start, chapter_title(title=each.title, page=each.page)) for each in slides.chapters)


def _captions_url(lecture: Lecture, user: User) -> str:
    """Where a host changes the captions of the recording; "" where they may not, or there is none."""
    video_id = lecture.recording_id
    if video_id is None or not may_host(user, lecture) or not may_preview_video(user.pk, str(video_id)):
        return ""
    return reverse("videos:captions", args=[video_id])


def _check_card(lecture: Lecture, user: User, *, as_of: dt.datetime) -> dict[str, Any]:
    """What is said of the check of understanding below the player; one query where there is one, none else."""
    if lecture.occasion.check_asked is None:
        return {}
    stands = standings_of(occasions=[lecture.occasion], member_id=user.pk, as_of=as_of)
    return check_card(lecture.occasion, stands.get(lecture.pk), member_id=user.pk, as_of=as_of)


def replay_notice(lecture: Lecture, player: dict[str, Any], *, as_of: dt.datetime) -> tuple[str, str]:
    """Return what is said above the replay of whether it counts, "" where nothing is, and the look of it."""
    if lecture.stage == "not_held":
        return _("这一场未举行（时间太短），不用补学；看回放不计入。"), "warning"
    if lecture.stage == "void":
        said = _("这一场已作废：%(reason)s 不用补学；看回放不计入。")
        return said % {"reason": lecture.occasion.void_reason}, "warning"
    until = lecture.occasion.make_up_until_at if player.get("is_owed") else None
    if until is None:
        return "", ""
    values = {"day": day(until), "time": hour(until)}
    if until <= as_of:
        said = _("补学已在 %(day)s %(time)s 截止，现在看不再计入。可以请支部书记安排集中收看或送学上门。")
        return said % values, ""
    return _("%(day)s %(time)s 以前看的计入补学，以后看的不再计入。") % values if player["records"] else "", ""


def player_of(lecture: Lecture, user: User) -> dict[str, Any]:
    """Return the context of the player partial (cms/player.html) for this viewer."""
    counted = lecture.occasion.state in HELD and expects(lecture.occasion, user.pk)
    player = _plain(lecture) | {"records": counted}
    picture = _picture(lecture, user)
    if picture and counted:
        player |= _counted(lecture, user, as_of=timezone.now())
    return player | picture


def looking_player(lecture: Lecture, user: User) -> dict[str, Any]:
    """As ``player_of``, for somebody who works on the recording: nothing counts."""
    return _plain(lecture) | {"records": False, "is_uncounted": True} | _picture(lecture, user)


def _plain(lecture: Lecture) -> dict[str, Any]:
    return {
        "occasion": lecture.pk,
        "media": "replay",
        "title": lecture.occasion.title,
        "subtitle": _("回放 · {lecturer}").format(lecturer=lecture.lecturer.name),
        "hls_url": "",
        "audio_url": "",
        "poster_url": "",
        "duration_ms": 0,
        "seek_ahead": True,
        "message": _waiting_words(lecture),
    }


def _picture(lecture: Lecture, user: User) -> dict[str, Any]:
    """Return where the recording is played from; nothing while it cannot be."""
    if lecture.recording is None:
        return {}
    try:
        found = playback(video=lecture.recording, viewer_id=user.pk, as_of=timezone.now())
    except UnableToPlay:
        return {}
    return {
        "hls_url": found.hls_url,
        "audio_url": found.audio_url,
        "poster_url": found.poster_url,
        "captions_url": found.captions_url,
        "duration_ms": found.duration_ms,
        "chapters": found.chapters,
        "storyboard": found.storyboard,
        "refresh_url": reverse("live_replay_addresses", args=[lecture.pk]),
        "fault_url": reverse("video_fault", args=[lecture.recording.pk]),
    }


def _counted(lecture: Lecture, user: User, *, as_of: dt.datetime) -> dict[str, Any]:
    """What counts of the replay so far, what it still has to add to the lecture, and where to go on."""
    settle_dirty(as_of=as_of, member_ids=[user.pk])
    ranges = credited(occasion_id=lecture.pk, member_id=user.pk, media="replay")
    position = last_position_ms(occasion_id=lecture.pk, member_id=user.pk, media="replay")
    told: dict[str, Any] = {"credited_ms": ranges, "position_ms": position}
    stand = standings_of(occasions=[lecture.occasion], member_id=user.pk, as_of=as_of).get(lecture.pk)
    if stand is None:
        return told
    if stand.is_done:
        return told | {"asked": _("您已参加，不用补学。")}
    told["is_owed"] = True
    if not stand.is_undone:
        return told
    if is_due_over(lecture.occasion, as_of):
        return told  # the page says so above the player
    replay_ms = (lecture.recording.duration_ms or 0) if lecture.recording is not None else 0
    seen_s = sum(end - start for start, end in ranges) // 1000
    return told | {
        "needed_ms": (seen_s + stand.amount.left_s) * 1000,
        "asked": _asked(stand.amount, replay_ms=replay_ms, and_check=bool(check_asked_words(lecture.occasion))),
    }


def _asked(amount: Amount, *, replay_ms: int, and_check: bool) -> str:
    """What a replay is asked for: together with what counted of the lecture itself it must reach the share.

    Says of what the share is taken; that may be a little less than the replay lasts, for time that nobody owes.
    ``and_check``: a check of understanding is asked for besides.
    """
    if not amount.total_ms:
        return ""
    values = {
        "percent": f"{amount.needed_ms / amount.total_ms * 100:.3g}",
        "needed": length(amount.needed_ms),
        "total": length(amount.total_ms),
        "enough": _("，再答对小测，才算补上") if and_check else _("就算补上"),
    }
    if amount.done_ms:
        # Without the number that counts so far: it stands beside, and goes on while this sentence stays.
        told = _("直播和回放一共满 {total}的 {percent}%（{needed}）{enough}").format(**values)
    else:
        told = _("看满 {total}的 {percent}%（{needed}）{enough}").format(**values)
    if amount.total_ms < replay_ms and values["total"] != length(replay_ms):
        told += _("。回放共 {replay}，按其中的 {total}认定，其余不用补").format(replay=length(replay_ms), **values)
    return told


def _waiting_words(lecture: Lecture) -> str:
    if lecture.state == Lecture.State.UNRECORDED or lecture.occasion.is_unrecorded:
        if lecture.occasion.media_ms:
            return _("补学时间已过，组织员删除了这一场的回放。已经计入的不变。")
        return _("这一场没有回放。")
    return _("回放正在整理，一般几分钟就好。请过一会儿再来。")
