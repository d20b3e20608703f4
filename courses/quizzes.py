"""A quiz in a lesson: whoever may read the lesson finds it there, whoever is on the roster takes it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from attendance.core.gates import quiz_key
from cms.core.lesson import values_of
from courses.before import tell_first
from courses.operations import note_passed
from courses.queries import Studied, asked_quizzes, runs_expecting
from courses.views import Opened, open_run
from courses.withdrawn import told_if_withdrawn
from organizations.permissions import role_required
from quizzes.models import Quiz
from quizzes.queries.taking import quiz_by_id, standing_of
from quizzes.views.taking import Place, take


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required()
@told_if_withdrawn
def quiz(request: HttpRequest, occasion_id: int, lesson_id: int, quiz_id: int) -> HttpResponse:
    """Show or take a quiz that stands in a published lesson."""
    opened = open_run(request, occasion_id)
    studied = opened.lesson(lesson_id)
    page = studied.lesson.page
    if before := opened.before():
        tell_first(request, before)
        return redirect("courses_course", occasion_id)
    found = quiz_by_id(quiz_id)
    if found is None:
        raise Http404
    if not stands_in(studied, quiz_id):
        return _taken_out(request, opened, lesson_id, found)
    place = Place(
        url=reverse("courses_quiz", args=[occasion_id, lesson_id, quiz_id]),
        back_url=reverse("courses_lesson", args=[occasion_id, lesson_id]),
        back_title=page.title,
        why_not=why_not(opened),
        asks=str(quiz_id) in asked_quizzes(opened.run.occasion, studied.lesson),
    )
    answered = take(request, found, place)
    if request.method == "POST" and opened.records:
        # Wherever they study a course that asks for it, not only here.
        runs = runs_expecting(member_id=opened.user.pk).filter(occasion__gates__has_key=quiz_key(quiz_id))
        note_passed(runs=runs, member_id=opened.user.pk, as_of=timezone.now())
    return answered


def _taken_out(request: HttpRequest, opened: Opened, lesson_id: int, quiz: Quiz) -> HttpResponse:
    """Tell whoever has taken a quiz that its author took it out of the lesson; for everybody else there is none."""
    now = standing_of(quiz=quiz, member_id=opened.user.pk)
    if now.under_way is None and now.last is None:
        raise Http404
    said = _("练习“%(title)s”已经从这一讲里拿掉了，不用再做；您做过的都保存着。") % {"title": quiz.title}
    messages.info(request, said)
    return redirect("courses_lesson", opened.run.pk, lesson_id)


def stands_in(studied: Studied, quiz_id: int) -> bool:
    """Whether a quiz stands in a lesson as it is published now."""
    return str(quiz_id) in values_of(studied.lesson.page.body.raw_data, "quiz")


def why_not(opened: Opened) -> str:
    """Return why nobody takes a quiz here now; "" where it can be taken."""
    if not opened.records:
        return _("您在查看本组织的课程，不在名单上，练习由名单上的人做。")
    if opened.study.is_void:
        return _("这门课的这一次安排已经作废，练习不用做。")
    if opened.run.occasion.starts_at > timezone.now():
        return _("课程还没有开始，开始以后再来做练习。")
    return ""
