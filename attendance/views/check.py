"""做小测: a member answers the check of understanding of what they make up, one question a page, without a script."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from attendance import operations
from attendance.catching_up import Way
from attendance.kinds import kinds
from attendance.models import Occasion
from attendance.queries import CALLED_OFF, occasion_for
from attendance.queries.checks import Taking, asks_check, shown_as_answered, taking
from attendance.queries.sessions import sessions_ahead
from attendance.sentences.checks import answered_rows, asking_of, result_words, taking_words
from attendance.views.shared import id_or_none
from organizations.models import User
from organizations.permissions import role_required, signed_in

MOST_TICKED = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required()
def me_check(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show the question to be answered now, or what the last attempt came to; keep an answer."""
    user, as_of = signed_in(request), timezone.now()
    occasion = occasion_for(user, occasion_id)
    if occasion is None or occasion.state in CALLED_OFF:
        raise Http404
    if occasion.check_asked is None or not asks_check(occasion):
        # Withdrawn, perhaps while somebody was answering: their record says what counts now.
        messages.info(request, _("这一场现在不用做小测。"))
        return redirect("me_record", occasion.pk)
    if request.method == "POST":
        return _answer(request, occasion, user)
    operations.settle_dirty(as_of=as_of, member_ids=[user.pk])
    now = taking(occasion=occasion, member_id=user.pk, as_of=as_of)
    return render(request, "attendance/me_check.html", _context(now, occasion, user))


def _context(now: Taking, occasion: Occasion, user: User) -> dict[str, Any]:
    as_of = timezone.now()
    ahead = sessions_ahead([occasion], as_of=as_of).get(occasion.pk, []) if now.code == "spent" else []
    last = shown_as_answered(now, occasion=occasion, member_id=user.pk)
    result = result_words(last)
    is_older = last.check is not None and now.check is not None and last.check.pk != now.check.pk
    return {
        "tab": "me",
        "occasion": occasion,
        "now": now,
        "asking": asking_of(now, member_id=user.pk),
        "client_id": uuid.uuid4().hex,
        "said": taking_words(now, occasion, as_of=as_of, ahead=ahead),
        "result": result,
        "result_kind": "success" if now.code == "passed" else "warning",
        "rows": answered_rows(last),
        "older_version": last.check.version if is_older and last.check is not None else None,
        "sessions": [Way.of_session(one, user) for one in ahead],
        "back": kinds()[occasion.kind].url_for(occasion, user),
        "is_watching": now.code in ("watch", "wait"),
    }


def _answer(request: HttpRequest, occasion: Occasion, user: User) -> HttpResponse:
    """Keep what was answered, and go on to what comes next; whatever is in the way is said there."""
    ids = {name: id_or_none(request.POST.get(name, "")) for name in ("check", "question", "attempt")}
    picked = [id_or_none(one) for one in request.POST.getlist("picked")[:MOST_TICKED]]
    try:
        operations.answer_question(
            occasion_id=occasion.pk, member_id=user.pk, check_id=ids["check"] or 0, attempt=ids["attempt"] or 0,
            question_id=ids["question"] or 0, shown=[-1 if one is None else one for one in picked],
            client_id=request.POST.get("client_id", ""), as_of=timezone.now(),
        )  # fmt: skip
    except operations.UnableToAnswerCheck as error:
        messages.warning(request, str(error))
        if error.code == "none":  # withdrawn in this moment
            return redirect("me_record", occasion.pk)
    return redirect("me_check", occasion.pk)
