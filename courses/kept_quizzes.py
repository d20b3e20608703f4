"""The quizzes of a kept lesson: begun while there is a network, answered without one, brought when it is back (ADR 84).

Beginning is the right of whoever is on the roster, as in ``courses.quizzes``. What is brought belongs to an attempt of
one's own, whatever has become of the lesson meanwhile: nobody who has begun is stopped (ADR 60).
"""

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from attendance.core.gates import quiz_key
from attendance.sentences.records import day_and_hour
from courses.before import first_words
from courses.operations import note_passed
from courses.queries import asked_quizzes, runs_expecting
from courses.quizzes import stands_in, why_not
from courses.views import open_run
from courses.withdrawn import told_if_withdrawn
from organizations.permissions import signed_in
from quizzes.queries.taking import quiz_by_id
from quizzes.views.kept import arrived, brought_by, for_phones, kept, refused


@require_POST
@never_cache
@for_phones
@told_if_withdrawn
def keep(request: HttpRequest, occasion_id: int, lesson_id: int, quiz_id: int) -> HttpResponseBase:
    """Begin a quiz of a lesson, or go on with it, and answer its questions for a phone that will have no network."""
    opened = open_run(request, occasion_id)
    studied = opened.lesson(lesson_id)
    quiz = quiz_by_id(quiz_id)
    if quiz is None or not opened.records:
        raise Http404
    if before := opened.before():
        return refused("before", first_words(before))
    if not stands_in(studied, quiz_id):
        return refused("taken_out", _("这份练习已经从这一讲里拿掉了，不用做。"), 410)
    if said := why_not(opened):
        return refused("not_now", said)
    return kept(
        quiz,
        member_id=opened.user.pk,
        asks=str(quiz_id) in asked_quizzes(opened.run.occasion, studied.lesson),
        until=day_and_hour(opened.study.due_at),
    )


@require_POST
@never_cache
@for_phones
def arrive(request: HttpRequest) -> HttpResponseBase:
    """Take answers that a phone kept, and hand in if it asks for that; acknowledged after the commit."""
    member = signed_in(request)
    found = brought_by(request, member)
    if not isinstance(found, tuple):
        return found
    quiz_id, arrival = found
    # Wherever they study a course that asks for it.
    runs = list(runs_expecting(member_id=member.pk).filter(occasion__gates__has_key=quiz_key(quiz_id)))
    note_passed(runs=runs, member_id=member.pk, as_of=timezone.now())
    return arrived(arrival, asks=bool(runs))


def quiz_words() -> dict[str, Any]:
    """Return what the island says of kept quizzes (frontend/src/kept/quiz.ts)."""
    return {
        "quizzes": _("练习已存 {count} 份，没有网也能做"),
        "quiz": _("练习：{title}"),
        "quiz_none": _("还没有答；每答一题就存在手机里。"),
        "quiz_kept": _("未联网：答案已存在手机里 {count} 题，联网后自动送出。"),
        "quiz_going": _("正在送出 {count} 题的答案…"),
        "quiz_sent": _("{count} 题的答案已经送到。交卷以前可以改。"),
        "quiz_handed": _("已交卷，联网后评分。答案都存在这部手机里，14 天内请联网一次。"),
        "quiz_handing": _("已交卷，正在送出…"),
        "quiz_refused": _("这部手机没有存下答案（空间不够，或者浏览器不让存）。请不要关这一页，联网后会自动送出。"),
        "quiz_away": _("这份练习还没有存到手机。联网后点“取题”。"),
        "quiz_offline": _("现在没有网，取不到题。连上网再点一次。"),
        "quiz_first": _("请先答这一题，再往下；也可以先做别的题。"),
        "quiz_order": _("请给每一项选一个不同的位置；排完才存。"),
        "quiz_open": _("第 {numbers} 题没有答，没答的算错。"),
        "quiz_all": _("全部答了。"),
        "quiz_row": _("第 {number} 题 · {state}"),
        "quiz_answered": _("已答"),
        "quiz_unanswered": _("没有答"),
        "quiz_sure": _("再点一次，就交卷"),
        "quiz_hand": _("交卷"),
        "quiz_ended": _("这一次的答案：已交卷，不能再改。"),
    }
