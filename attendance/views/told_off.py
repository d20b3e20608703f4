"""The old address of a further session that is off: it says so, and leads to what is left to do."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from attendance.queries.notices import told_off
from attendance.sentences.notices import link_of, with_paths, words_of
from organizations.models import User

View = Callable[..., HttpResponseBase]


def led_back_where_off(view: View) -> View:
    """View decorator: whoever was told that the session at this address is off is told again, and not 404."""

    @wraps(view)
    def guarded(request: HttpRequest, occasion_id: int, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, occasion_id=occasion_id, **kwargs)
        except Http404:
            found = told_off(request.user.pk, session_id=occasion_id) if isinstance(request.user, User) else None
            if found is None:
                raise
            messages.warning(request, words_of(*with_paths([found], as_of=timezone.now())))
            return redirect(link_of(found))

    return guarded
