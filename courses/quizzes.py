"""A quiz in a lesson: whoever may read the lesson finds it there, whoever is on the roster takes it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cms.core.lesson import values_of
from courses.views import Opened, open_run
from courses.withdrawn import told_if_withdrawn
from organizations.permissions import role_required
from quizzes.queries.taking import quiz_by_id
from quizzes.views.taking import Place, take


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required()
@told_if_withdrawn
def quiz(request: HttpRequest, occasion_id: int, lesson_id: int, quiz_id: int) -> HttpResponse:
    """Show or take a quiz that stands in a published lesson."""
    opened = open_run(request, occasion_id)
    page = opened.lesson(lesson_id).lesson.page
    found = quiz_by_id(quiz_id) if str(quiz_id) in values_of(page.body.raw_data, "quiz") else None
    if found is None:
        raise Http404
    place = Place(
        url=reverse("courses_quiz", args=[occasion_id, lesson_id, quiz_id]),
        back_url=reverse("courses_lesson", args=[occasion_id, lesson_id]),
        back_title=page.title,
        why_not=_why_not(opened),
    )
    return take(request, found, place)


def _why_not(opened: Opened) -> str:
    """Return why nobody takes a quiz here now; "" where it can be taken."""
    if not opened.records:
        return _("您在查看本组织的课程，不在名单上，练习由名单上的人做。")
    if opened.study.is_void:
        return _("这门课的这一次安排已经作废，练习不用做。")
    if opened.run.occasion.starts_at > timezone.now():
        return _("课程还没有开始，开始以后再来做练习。")
    return ""
