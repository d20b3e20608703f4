"""After a lecture's end, for whoever hosted it: hold it again, or declare it void. Each asks before it acts."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from attendance.models import Occasion
from attendance.queries.concerned import Concerned, concerned_by
from attendance.queries.consequences import resting_on
from attendance.queries.windows import HELD
from live import operations
from live.forms import AgainForm, VoidLectureForm
from live.models import Lecture
from live.permissions import may_host, may_void
from live.queries.lectures import lecture_in_place_of
from live.views.access import lecture_page
from live.views.rows import session_planned_words
from organizations.permissions import signed_in


@require_http_methods(["GET", "POST"])
@lecture_page(may_host)
def again(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Plan once more what was not held, or a further session of what was: same rule and lecturer, another time."""
    is_further = lecture.occasion.state in HELD
    if not is_further and lecture.stage not in (Occasion.State.NOT_HELD, Occasion.State.VOID):
        messages.error(request, _("这一场还没有结束，结束以后才能再讲一场。"))
        return redirect("live_host", occasion_id=lecture.pk)
    if request.method == "GET" and (known := planned_for(lecture)):
        messages.error(request, str(operations.UnableToHoldAgain(known)))
        if not may_host(signed_in(request), known):  # somebody else gives it this time
            return redirect("live_index")
        return redirect("live_host", occasion_id=known.pk)
    form = AgainForm(request.POST or None, lecture=lecture, user=signed_in(request))
    was_void = lecture.stage == "void"
    if request.method == "POST" and form.is_valid():
        planned = form.save(as_of=timezone.now())
        if planned is not None and is_further:
            messages.success(request, session_planned_words(planned, as_of=timezone.now()))
            return redirect("live_index")
        if planned is not None:
            messages.success(request, _("已经另外安排。") if was_void else _("已经另外安排，原来的一场作废。"))
            return redirect("live_host", occasion_id=planned.pk)
    context = {
        "form": form,
        "title": again_title(lecture),
        "lecture": lecture,
        "text": again_words(lecture),
        "back": reverse("live_host", args=[lecture.pk]),
    }
    return render(request, "live/ask.html", context)


@require_http_methods(["GET", "POST"])
@lecture_page(may_host, meets=True)
def void(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Declare it void, with a reason that members read."""
    if not may_void(signed_in(request), lecture):
        raise Http404
    now = timezone.now()
    form = VoidLectureForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.save(lecture, actor_id=signed_in(request).pk, as_of=now):
        messages.success(request, _("这一场已作废。"))
        return redirect("meeting", occasion_id=lecture.pk) if lecture.is_meeting else redirect("live_index")
    context = {
        "form": form,
        "title": _("作废这一场"),
        "lecture": lecture,
        "text": void_words(concerned_by(lecture.occasion, as_of=now))
        + resting_on(lecture.occasion, user=signed_in(request), as_of=now),
        "back": reverse("meeting" if lecture.is_meeting else "live_host", args=[lecture.pk]),
    }
    return render(request, "live/ask.html", context)


def again_title(lecture: Lecture) -> str:
    """Return what the step is called: another one in its place, or a further session of it."""
    return _("再讲一场") if lecture.occasion.state in HELD else _("再开一场")


def again_words(lecture: Lecture) -> str:
    """Return what holding a lecture again does to the one in whose place it is planned, or that it repeats."""
    if lecture.occasion.state in HELD:
        words = _(
            "给没有参加“{title}”的人再讲一场：开播时还没参加、也没补上的人应到，参加了算已补学；已经参加的不用再来，"
            "想听可以来。原来的一场和大家的记录不变。"
        )
        return words.format(title=lecture.occasion.title)
    if lecture.stage == "void":
        words = _("“{title}”已经作废，原因：{reason}。新的一场代替它，出现在大家的“今天”里；原来的记录仍然不算数。")
        return words.format(title=lecture.occasion.title, reason=lecture.occasion.void_reason.rstrip("。"))
    words = _("“{title}”没有举行。保存以后原来的一场作废，新的一场代替它，出现在大家的“今天”里。")
    return words.format(title=lecture.occasion.title)


def void_words(people: Concerned) -> str:
    """Return what voiding does, before anybody does it."""
    words = _("作废以后，这一场不计入任何人的学习：应到 {people} 人的记录都不算数，也不用补学。")
    if people.done:
        words = _(
            "作废以后，这一场不计入任何人的学习：应到 {people} 人（其中 {done} 人已经参加或补学）的记录都不算数，"
            "也不用补学。"
        )
    more = _("大家会看到您写的原因。作废不能撤销，可以再开一场。")
    return words.format(people=people.expected, done=people.done) + more


def planned_for(lecture: Lecture) -> Lecture | None:
    """Return what was planned in the place of a lecture, if anything was."""
    return lecture_in_place_of(lecture)
