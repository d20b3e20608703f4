"""How a lecture's addresses let somebody in: sign-in first, then the right, else 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.cache import never_cache

from live.models import Lecture
from live.queries import lecture_of
from organizations.models import User
from organizations.permissions import signed_in

Right = Callable[[User, Lecture], bool]
Find = Callable[[int], Lecture | None]
View = Callable[..., HttpResponseBase]
Otherwise = Callable[[HttpRequest, Lecture], HttpResponseBase | None]


def lecture_page(right: Right, *, otherwise: Otherwise | None = None, meets: bool = False) -> Callable[[View], View]:
    """View decorator: ``view(request, lecture)`` for those who have the right, 404 for others.

    ``otherwise``: what is answered to some of the others, who may know why; None: 404. ``meets``: a meeting has such a
    page, too.
    No browser keeps the page: it names people, and one that came back by the back button would show a state of before.
    """

    def decorate(view: View) -> View:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, occasion_id: int) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            lecture = _found(occasion_id, meets=meets)
            if right(signed_in(request), lecture):
                return view(request, lecture)
            answer = otherwise(request, lecture) if otherwise else None
            if answer is None:
                raise Http404
            return answer

        return guarded

    return decorate


def lecture_json(right: Right, *, find: Find = lecture_of, meets: bool = False) -> Callable[[View], View]:
    """As ``lecture_page``; a visitor gets 401 as JSON, an answer is never kept by a cache.

    ``find``: how the lecture is read, for a view that needs less of it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, occasion_id: int) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return JsonResponse({"error": "signed_out"}, status=401)
            answer: Any = view(request, _lecture(request, occasion_id, right, find, meets=meets))
            answer.headers["Cache-Control"] = "no-store"
            return answer

        return guarded

    return decorate


def _lecture(request: HttpRequest, occasion_id: int, right: Right, find: Find, *, meets: bool) -> Lecture:
    lecture = _found(occasion_id, find, meets=meets)
    if not right(signed_in(request), lecture):
        raise Http404
    return lecture


def _found(occasion_id: int, find: Find = lecture_of, *, meets: bool) -> Lecture:
    lecture = find(occasion_id) if occasion_id < 2**63 else None
    if lecture is None or (lecture.is_meeting and not meets):
        raise Http404
    return lecture
