"""From a recording to a lesson: choose a part, see what it comes to, put it into a course as a draft."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from live import queries
from live.forms import CutForm
from live.models import Lecture
from live.operations import cut_to_lesson
from live.permissions import may_cut
from live.sentences.cutting import cut_length, cut_refusal, cut_rows
from live.views.access import lecture_page
from live.views.pages import looking_player, slide_chapters
from media.core.clock import clock
from media.operations import UnableToCut
from media.queries import videos_for
from organizations.permissions import signed_in


@require_http_methods(["GET", "POST"])
@lecture_page(may_cut)
def cut(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The page, its look ahead (``act`` "look"), and the making (``act`` "make") of what was seen."""
    user, video = signed_in(request), lecture.recording
    if video is None or not videos_for(user).filter(pk=video.pk).exists():
        messages.error(request, _("这一场没有可以剪的回放。"))
        return redirect("live_replay", occasion_id=lecture.pk)
    first = {"start": clock(0), "end": clock(video.duration_ms or 0), "title": lecture.occasion.title}
    form = CutForm(request.POST or None, video=video, user=user, initial=first)
    is_right, act = request.method == "POST" and form.is_valid(), request.POST.get("act")
    if act != "make":
        # Whoever only looks need not know yet where it goes.
        for name in ("title", "course"):
            form.errors.pop(name, None)
    if is_right and act == "make" and form.spans and not form.is_seen:
        words = _("时间改过了，还没有放进课程。请看看下面剪好的样子，没有问题就再按一次“放进课程（草稿）”。")
        form.add_error(None, words)
    elif is_right and act == "make" and form.is_seen:
        try:
            page_id = cut_to_lesson(
                occasion_id=lecture.pk,
                course_id=form.cleaned_data["course"].pk,
                title=form.cleaned_data["title"],
                actor_id=user.pk,
                as_of=timezone.now(),
                chapters=slide_chapters(queries.replay_slides(lecture)),
                **form.bounds,
            )
        except UnableToCut as error:
            form.add_error(None, cut_refusal(error.code))
        else:
            messages.success(
                request, _("已放进课程，现在是草稿。视频正在剪，一般一两分钟就好；没剪成会在视频那里说明原因。")
            )
            return redirect("wagtailadmin_pages:edit", page_id)
    return _page(request, lecture, form, is_seen=bool(form.spans))


def _page(request: HttpRequest, lecture: Lecture, form: CutForm, *, is_seen: bool) -> HttpResponse:
    if is_seen:
        form.data = {**request.POST.dict(), "seen": form.plan}
    context = {
        "lecture": lecture,
        "form": form,
        "player": looking_player(lecture, signed_in(request)),
        "data": {"spans": form.spans if is_seen else []},
        "rows": cut_rows(form.spans) if is_seen else [],
        "length": cut_length(form.spans),
        "title": _("裁剪并发布为课程"),
        "back": reverse("live_replay", args=[lecture.pk]),
    }
    return render(request, "live/cut.html", context)
