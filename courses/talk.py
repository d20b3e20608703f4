"""The discussion under lessons: members write and read, organisers above let through, answer and hide (ADR 72)."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attendance.views.shared import id_or_none
from courses import discussing
from courses.before import tell_first
from courses.discussing import UnableToComment, is_closed
from courses.discussion import answer_to, comments_of, comments_seen, comments_to_moderate, may_moderate
from courses.models import CourseRun
from courses.permissions import may_read_run
from courses.queries import runs_with_occasions
from courses.talk_forms import AnswerForm, CommentForm, HideForm, new_id
from courses.talk_words import judged, own_said, said_under
from courses.views import open_run
from courses.withdrawn import told_if_withdrawn
from organizations.models import Role
from organizations.operations import ONE_VISIT, log_access
from organizations.permissions import role_required, signed_in

A_PAGE = 20
GONE = "gone"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required()
@told_if_withdrawn
def of_lesson(request: HttpRequest, occasion_id: int, lesson_id: int) -> HttpResponse:
    """Show what was said under a lesson; whoever is on the roster writes there."""
    opened = open_run(request, occasion_id)
    page = opened.lesson(lesson_id).lesson.page
    if before := opened.before():
        tell_first(request, before)
        return redirect("courses_course", occasion_id)
    form = CommentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and not opened.records:
        form.refuse("reader")
    elif request.method == "POST":
        try:
            discussing.write_comment(
                occasion_id=occasion_id,
                lesson_id=lesson_id,
                author_id=opened.user.pk,
                client_id=request.POST.get("client_id") or new_id(),
                text=request.POST.get("text", ""),
                as_of=timezone.now(),
            )
        except UnableToComment as error:
            form.refuse(error.code)
        else:
            messages.success(request, _("已发出。等老师看过后，大家就能看到。"))
            return redirect("courses_lesson_talk", occasion_id, lesson_id)
    seen = comments_seen(run_id=occasion_id, lesson_id=lesson_id, member_id=opened.user.pk)
    shown = Paginator(seen, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "courses",
        "run": opened.run,
        "lesson": page,
        "page": shown,
        "rows": said_under(list(shown), run_id=occasion_id, member_id=opened.user.pk),
        "form": form,
        "may_write": opened.records and not is_closed(opened.run, as_of=timezone.now()),
        "moderates": may_moderate(opened.user, opened.run),
    }
    return render(request, "courses/talk.html", context)


@require_safe
@never_cache
@role_required()
def of_run(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show an organiser what was said in a course, what waits first; everybody else what they said there themselves,
    also when they are on its roster no more."""
    user, run = signed_in(request), _run(occasion_id)
    if may_moderate(user, run):
        return _desk(request, run, request.GET.get("page", ""))
    own = comments_of(run_id=run.pk, member_id=user.pk)
    may_read = may_read_run(user, run)
    if not may_read and not own.exists():
        raise Http404
    shown = Paginator(own, A_PAGE).get_page(request.GET.get("page"))
    rows = own_said(list(shown))
    context = {"tab": "courses", "run": run, "page": shown, "rows": rows, "may_read": may_read}
    return render(request, "courses/talk_own.html", context)


def _desk(
    request: HttpRequest, run: CourseRun, page: str, failed: tuple[int, AnswerForm | HideForm] | None = None
) -> HttpResponse:
    shown = Paginator(comments_to_moderate(run_id=run.pk), A_PAGE).get_page(page)
    found = list(shown)
    if failed is not None and failed[0] not in {one.pk for one in found}:  # another's decision moved it elsewhere
        found[:0] = comments_to_moderate(run_id=run.pk).filter(pk=failed[0])
    rows = judged(found, run_id=run.pk, failed=failed)
    log_access(
        reader_id=signed_in(request).pk, subject_ids={one.author_id for one in found}, what="comment",
        as_of=timezone.now(), role=Role.ORGANISER, once_in=ONE_VISIT,
    )  # fmt: skip
    context: dict[str, Any] = {"tab": "courses", "run": run, "page": shown, "rows": rows}
    if failed is not None:
        context["failed"] = failed[1]
    return render(request, "courses/talk_desk.html", context)


@require_POST
@role_required()
def decide(request: HttpRequest, occasion_id: int, comment_id: int) -> HttpResponse:
    """Let a comment through, hide it or answer it. What was typed stays where it cannot be taken."""
    user, run = signed_in(request), _run(occasion_id)
    if not may_moderate(user, run):
        raise Http404
    what, typed = request.POST.get("do", ""), request.POST.get("text", "")
    key: dict[str, Any] = {"occasion_id": occasion_id, "comment_id": comment_id, "as_of": timezone.now()}
    key["seen"] = request.POST.get("seen")
    form: AnswerForm | HideForm
    form = HideForm(request.POST, auto_id=f"id_hide_{comment_id}_%s")
    if what in {"answer", "show"}:  # one form: what was typed stands beside both
        form = AnswerForm(request.POST, auto_id=f"id_{comment_id}_%s")
    try:
        if what == "show" and typed.split() not in ([], answer_to(run_id=run.pk, comment_id=comment_id).split()):
            raise UnableToComment("unsent")
        if what == "show":
            discussing.show_comment(actor_id=user.pk, **key)
        elif what == "hide":
            discussing.hide_comment(reason=typed, actor_id=user.pk, **key)
        elif what == "answer":
            discussing.answer_comment(text=typed, actor_id=user.pk, **key)
        else:
            raise Http404
    except UnableToComment as error:
        if error.code == GONE and "page" not in request.POST:  # it did not come from our page: there never was one
            raise Http404 from error
        if error.code == GONE:
            return _gone(request, occasion_id)
        form.refuse(error.code)
        return _desk(request, run, request.POST.get("page", ""), (comment_id, form))
    said = {"show": _("已公开。"), "hide": _("不再公开，原因已经通知本人。"), "answer": _("已回复，并且通知了本人。")}
    messages.success(request, said[what])
    return redirect("courses_talk", occasion_id)


@require_POST
@role_required()
def delete(request: HttpRequest, occasion_id: int, comment_id: int) -> HttpResponse:
    """Delete one's own comment; somebody else's is not there."""
    run = _run(occasion_id)
    try:
        discussing.delete_comment(occasion_id=run.pk, comment_id=comment_id, author_id=signed_in(request).pk)
    except UnableToComment as error:
        raise Http404 from error
    messages.success(request, _("已删除。"))
    return _back(request, run)


@require_POST
@role_required()
def report(request: HttpRequest, occasion_id: int, comment_id: int) -> HttpResponse:
    """Ask the organiser to look at what somebody else wrote."""
    user, run = signed_in(request), _run(occasion_id)
    if not may_read_run(user, run):
        raise Http404
    try:
        discussing.report_comment(occasion_id=run.pk, comment_id=comment_id, member_id=user.pk, as_of=timezone.now())
    except UnableToComment as error:
        raise Http404 from error
    messages.success(request, _("已举报，老师会来看。谢谢您。"))
    return _back(request, run)


def _run(occasion_id: int) -> CourseRun:
    return get_object_or_404(runs_with_occasions(), pk=occasion_id)


def _gone(request: HttpRequest, occasion_id: int) -> HttpResponse:
    messages.info(request, _("这条留言本人已经删掉了，不用再处理。"))
    return redirect("courses_talk", occasion_id)


def _back(request: HttpRequest, run: CourseRun) -> HttpResponse:
    """Return to the lesson whose discussion the form stood in, else to the course's."""
    lesson_id = id_or_none(request.POST.get("lesson", ""))
    if lesson_id is None:
        return redirect("courses_talk", run.pk)
    return redirect("courses_lesson_talk", run.pk, lesson_id)
