"""The schedule in Wagtail's admin: an organiser plans, changes, cancels, ends, resumes and voids lectures.

What takes something from people asks first.
"""

import datetime as dt
from collections.abc import Callable
from functools import partial, wraps

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from attendance.core.stretch import day_of
from attendance.models import Occasion
from attendance.operations.cancelled import cancelled_words
from attendance.permissions import training_asked
from attendance.queries.concerned import concerned_by, people_at
from attendance.queries.consequences import resting_on
from attendance.queries.sessions import sessions_planned
from attendance.queries.windows import ENDED, HELD, is_held, roster_day, undone_until, window_limit
from attendance.sentences.checks import missing_words
from attendance.sentences.records import length, moment
from cms.queries import last_entry_about
from live import operations
from live.forms import VoidLectureForm
from live.models import Lecture
from live.queries import lectures_for, not_recorded, pauses_of, people_present
from live.queries.series import following, following_elsewhere
from live.sentences.room import missing_rows
from live.sentences.series import (
    elsewhere_words,
    series_cancel_words,
    series_cancelled_words,
    series_changed_words,
    series_planned_words,
    series_words,
)
from live.series_forms import FOLLOWING, PlannedForm, ReachForm, SeriesForm
from live.views.ending import again_title, again_words, planned_for, void_words
from live.views.link import short_address
from live.views.rows import (
    is_missed,
    office_span,
    plan_row,
    planned_words,
    roster_words,
    session_planned_words,
    stage_words,
)
from organizations.models import Role
from organizations.permissions import has_role, role_required, signed_in

A_PAGE = 30


Refused = (
    operations.UnableToCancelLecture,
    operations.UnableToDropRecording,
    operations.UnableToEndLecture,
    operations.UnableToResumeLecture,
    operations.UnableToVoidLecture,
)


@require_GET
@role_required(Role.ORGANISER)
def index(request: HttpRequest) -> HttpResponse:
    """All lectures of the subtree, the newest plan first, with their states."""
    lectures = lectures_for(signed_in(request))
    page = Paginator(lectures, A_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    context = {"page": page, "rows": [plan_row(lecture, as_of=now) for lecture in page]}
    return render(request, "live/admin/index.html", context)


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
def add(request: HttpRequest) -> HttpResponse:
    """Plan a lecture; ``?again=<id>``: in the place of one that was not held, or a further session of one that was,
    filled in from it; ``?day=2026-11-25``: on that day."""
    again = _again(request)
    if again is not None and (planned := planned_for(again)):
        messages.error(request, str(operations.UnableToHoldAgain(planned)))
        return redirect("live_schedule_edit", occasion_id=planned.pk)
    training = training_asked(request)
    form = SeriesForm(request.POST or None, user=signed_in(request), again=again, day=_day(request))
    if training is not None:
        form.initial.update({"training": training.pk, "node": training.node_id})
        form.from_plan = training
    back = reverse("plan", args=[training.pk]) if training is not None else reverse("live_schedule")
    if request.method == "POST" and form.is_valid() and form.save(as_of=timezone.now()):
        messages.success(request, series_planned_words(form.made) if form.made else _planned_said(form.lecture))
        return redirect(back)
    context = {"form": form, "back": back, "title": again_title(again) if again else _("安排直播")}
    context["again_words"] = again_words(again) if again is not None else ""
    return render(request, "live/admin/form.html", context)


def _day(request: HttpRequest) -> dt.date | None:
    """Return the day of a calendar from which somebody came; None for one that is over, or for what is none."""
    day = day_of(request.GET.get("day", ""))
    return day if day is not None and day >= timezone.localdate() else None


def _planned_said(planned: Lecture | None) -> str:
    if planned is not None and planned.occasion.repeats_id is None:
        planned.occasion.refresh_from_db(fields=["repeats"])
    if planned is None or planned.occasion.repeats_id is None:
        return _("直播已安排。讲师会在“直播”里看到它。")
    return session_planned_words(planned, as_of=timezone.now())


def _again(request: HttpRequest) -> Lecture | None:
    asked = request.GET.get("again", "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdigit()):
        raise Http404
    lecture = _mine(request, int(asked[:20]))
    if lecture.stage not in (Occasion.State.NOT_HELD, Occasion.State.VOID) and lecture.occasion.state not in HELD:
        raise Http404
    return lecture


def told_if_cancelled(view: Callable[[HttpRequest, int], HttpResponse]) -> Callable[[HttpRequest, int], HttpResponse]:
    """View decorator: whoever had the page open while a colleague cancelled the lecture is told, and not 404."""

    @wraps(view)
    def guarded(request: HttpRequest, occasion_id: int) -> HttpResponse:
        try:
            return view(request, occasion_id)
        except Http404:
            said = cancelled_words(action="live.cancel", occasion_id=occasion_id, reader=signed_in(request))
            if not said:
                raise
            messages.error(request, said)
            return redirect("live_schedule")

    return guarded


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
@told_if_cancelled
def edit(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Change a plan; once the lecture has begun, what became of it and the steps that are left."""
    lecture, now = _mine(request, occasion_id), timezone.now()
    if lecture.state != Lecture.State.SCHEDULED:
        return _given(request, lecture, now)
    occasion = lecture.occasion
    form = PlannedForm(request.POST or None, user=signed_in(request), lecture=lecture)
    if request.method == "POST" and form.is_valid() and form.save(as_of=now):
        messages.success(request, _("安排已修改。") if form.changed == 1 else series_changed_words(form.changed))
        return redirect("live_schedule")
    people = people_at([occasion], as_of=now)
    context = {
        "form": form,
        "title": _("修改直播安排"),
        "lecture": lecture,
        "missed": _missed_words() if is_missed(lecture, as_of=now) else "",
        "roster": roster_words(roster_day(occasion, as_of=now), people),
        "cancelling": _cancel_words(people),
        "short": short_address(request, lecture),
        "series": series_words(lecture, len(form.later), following_elsewhere(lecture, user=signed_in(request))),
        "check_said": missing_words(occasion),
    }
    return render(request, "live/admin/form.html", context)


def _missed_words() -> str:
    return _("到时间没有开播，大家的页面上也这样写着。改成以后的时间就重新安排好了；不办了请取消。")


def _cancel_words(people: int) -> str:
    said = ngettext(
        "取消后，这场直播从 %(people)s 人的页面上消失，不能恢复。",
        "取消后，这场直播从 %(people)s 人的页面上消失，不能恢复。",
        people,
    )
    return said % {"people": people}


def _given(request: HttpRequest, lecture: Lecture, now: dt.datetime) -> HttpResponse:
    """Show what became of a lecture that has begun, and the steps that are left."""
    occasion, planned = lecture.occasion, planned_for(lecture)
    stage, stage_kind = stage_words(lecture)
    again = lecture.stage in (Occasion.State.NOT_HELD, Occasion.State.VOID)
    context = {
        "lecture": lecture,
        "occasion": occasion,
        "when": office_span(occasion),
        "make_up_until": moment(occasion.make_up_until_at) if occasion.make_up_until_at else "",
        "roster": roster_words(roster_day(occasion, as_of=now), people_at([occasion], as_of=now)),
        "stage": stage,
        "stage_kind": stage_kind,
        "is_live": lecture.state == Lecture.State.LIVE,
        "resume": _resume_words(minutes_left(undone_until(occasion), now)),
        "may_void": occasion.state in ENDED,
        "may_hold_again": again and planned is None,
        "may_repeat": occasion.state in HELD,
        "sessions": [one for one in sessions_planned(occasion) if one.kind == "lecture"],
        "planned": planned,
        "planned_words": planned_words(planned) if planned is not None else "",
        "missing": missing_rows(lecture),
        "check_said": missing_words(occasion),
        **recording_facts(lecture, now),
    }
    return render(request, "live/admin/given.html", context)


def _resume_words(minutes: int) -> str:
    """Return for how long an ending can still be undone; "" when it cannot."""
    said = ngettext("误点了结束？还可以恢复 %(minutes)s 分钟。", "误点了结束？还可以恢复 %(minutes)s 分钟。", minutes)
    return said % {"minutes": minutes} if minutes else ""


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
@told_if_cancelled
def cancel(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Withdraw a lecture that has not begun; asks first."""
    lecture, user = _mine(request, occasion_id), signed_in(request)
    if lecture.state != Lecture.State.SCHEDULED:
        messages.error(request, _("直播已经开始，不能取消，只能结束。"))
        return redirect("live_schedule_edit", occasion_id=lecture.pk)
    later = list(following(lecture, user=user))
    form = ReachForm(request.POST or None, later=len(later)) if later else None
    if request.method == "GET" or (form is not None and not form.is_valid()):
        words = _cancel_all_words(lecture, later) + elsewhere_words(following_elsewhere(lecture, user=user))
        return _ask(request, lecture, _("取消这场直播"), words, form)
    if form is not None and form.cleaned_data["reach"] == FOLLOWING:
        step: Callable[..., object] = operations.cancel_following
        done = series_cancelled_words(len(later) + 1)
    else:
        step, done = operations.cancel_lecture, _("直播已取消。")
    return _do(
        request,
        partial(step, occasion_id=lecture.pk, actor_id=user.pk, as_of=timezone.now()),
        done,
        _("直播已经开始，不能取消，只能结束。"),
    )


def _cancel_all_words(lecture: Lecture, later: list[Lecture]) -> str:
    now = timezone.now()
    said = _cancel_words(people_at([lecture.occasion], as_of=now))
    if later:
        said += series_cancel_words(later, people_at([one.occasion for one in [lecture, *later]], as_of=now))
    return said


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
def end(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """End a lecture whose lecturer is away; asks first."""
    lecture, now = _mine(request, occasion_id), timezone.now()
    if lecture.state != Lecture.State.LIVE:
        messages.error(request, _("这场直播没有在进行。"))
        return redirect("live_schedule_edit", occasion_id=lecture.pk)
    if request.method == "GET":
        return _ask(request, lecture, _("结束直播"), _end_words(lecture, now))
    end_it = partial(operations.end_lecture, occasion_id=lecture.pk, as_of=now)
    return _do(request, end_it, _("直播已结束，10 分钟内可以恢复。"), _("这场直播没有在进行。"))


def _end_words(lecture: Lecture, now: dt.datetime) -> str:
    occasion = lecture.occasion
    facts = {"present": people_present(occasion), "people": people_at([occasion], as_of=now)}
    if not is_held(occasion, end=min(now, window_limit(occasion))):
        words = _(
            "现在有 {present} 人在直播间。时间还太短，现在结束就算“未举行”："
            "应到的 {people} 人都不作认定。10 分钟内可以恢复直播。"
        )
        return words.format(**facts)
    words = _("现在有 {present} 人在直播间。结束以后，应到的 {people} 人的记录会马上开始认定。10 分钟内可以恢复直播。")
    return words.format(**facts)


@require_POST
@role_required(Role.ORGANISER)
def resume(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Undo an ending within ten minutes."""
    lecture = _mine(request, occasion_id)
    resume_it = partial(operations.resume_lecture, occasion_id=lecture.pk, as_of=timezone.now())
    return _do(request, resume_it, _("直播已恢复，大家会自动回到直播间。"))


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
def void(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Declare a lecture that has ended void; asks for the reason first."""
    lecture, now = _mine(request, occasion_id), timezone.now()
    if lecture.occasion.state not in ENDED:
        messages.error(request, _("只有已经结束、还没有作废的场次可以作废。"))
        return redirect("live_schedule_edit", occasion_id=lecture.pk)
    form = VoidLectureForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.save(lecture, actor_id=signed_in(request).pk, as_of=now):
        messages.success(request, _("这一场已作废。"))
        return redirect("live_schedule_edit", occasion_id=lecture.pk)
    words = void_words(concerned_by(lecture.occasion, as_of=now))
    words += resting_on(lecture.occasion, user=signed_in(request), as_of=now)
    return _ask(request, lecture, _("作废这一场"), words, form)


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
def recording(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Delete the recording of a lecture that nobody has to make up with any more; asks first."""
    lecture, now = _mine(request, occasion_id), timezone.now()
    refusal = _("这一场没有回放。") if lecture.recording_id is None else ""
    refusal = refusal or operations.why_recording_stays(lecture, as_of=now)
    if refusal:
        messages.error(request, refusal)
        return redirect("live_schedule_edit", occasion_id=lecture.pk)
    if request.method == "GET":
        words = _(
            "删除以后，应到的 {people} 人都不能再看这一场的回放，页面上会写明已经删除；已经计入的不变。"
            "课程里用着这段录像的，那里还能看。删除不能撤销。"
        )
        return _ask(request, lecture, _("删除回放"), words.format(people=people_at([lecture.occasion], as_of=now)))
    drop_it = partial(operations.drop_recording, occasion_id=lecture.pk, actor_id=signed_in(request).pk, as_of=now)
    return _do(request, drop_it, _("回放已删除。"))


def recording_facts(lecture: Lecture, now: dt.datetime) -> dict[str, str]:
    """Return what an organiser sees of a recording: its length, what it leaves out, why it cannot be deleted yet."""
    if lecture.recording is None:
        return {"recording_dropped": _dropped_words(lecture)} if lecture.is_recording_dropped else {}
    lost = [each.length_ms for each in not_recorded(lecture) if each.length_ms is not None]
    pauses = pauses_of(lecture)
    told = []
    if lost:
        told.append(_("中间有 {count} 处没有录上，共 {length}").format(count=len(lost), length=length(sum(lost))))
    if pauses.count:
        words = _("讲师停顿 {count} 次，共 {length}，不在回放里")
        told.append(words.format(count=pauses.count, length=length(pauses.length_ms)))
    return {
        "recording_length": length(lecture.recording.duration_ms or 0),
        "recording_cuts": "".join(_("；") + one for one in told),
        "recording_stays": operations.why_recording_stays(lecture, as_of=now),
    }


def _dropped_words(lecture: Lecture) -> str:
    """Return by whom and when the recording was deleted."""
    found = last_entry_about(lecture.occasion, action="live.drop_recording")
    if found is None or found.user is None:
        return _("回放已删除")
    return _("回放已删除（{who}，{at}）").format(who=found.user.name, at=moment(found.timestamp))


def _ask(request: HttpRequest, lecture: Lecture, title: str, text: str, form: Form | None = None) -> HttpResponse:
    """Say what a step does, and to how many people, before it is done."""
    back = reverse("live_schedule_edit", args=[lecture.pk])
    context = {"occasion": lecture.occasion, "title": title, "text": text, "form": form, "back": back}
    return render(request, "attendance/admin/ask.html", context)


def _do(request: HttpRequest, step: Callable[[], object], done: str, refused: str = "") -> HttpResponse:
    try:
        step()
    except Refused as error:
        messages.error(request, refused or str(error))
    else:
        messages.success(request, done)
    return redirect("live_schedule")


def minutes_left(until: dt.datetime | None, now: dt.datetime) -> int:
    """Return for how many minutes, the last one begun too, something can still be done; 0: no more."""
    return 0 if until is None else max(0, -((now - until) // dt.timedelta(minutes=1)))


def _mine(request: HttpRequest, occasion_id: int) -> Lecture:
    """Return a lecture of the organiser's subtree; a neighbour's does not exist for them."""
    lectures = lectures_for(signed_in(request)).select_related(
        "occasion__node",
        "occasion__training",
        "occasion__rule",
        "occasion__voided_by",
        "lecturer",
        "recording",
        "series",
    )
    found = lectures.filter(pk=occasion_id).first() if occasion_id < 2**63 else None
    if found is None or not has_role(request.user, Role.ORGANISER, node=found.occasion.node):
        raise Http404
    return found
