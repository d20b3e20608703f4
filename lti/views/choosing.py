"""Choosing what a link on the platform opens (LTI Deep Linking 2.0). Moodle shows it in a frame and takes the answer
from there alone, where a browser brings no session along: the visit's own cookie opens these two pages, nothing else.
"""

import secrets
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from attendance.views.shared import id_or_none
from cms.queries import lessons_of
from courses.models import CourseRun
from courses.permissions import readable_runs
from lti.core import claims
from lti.core.claims import UnableToLaunch
from lti.models import Visit
from lti.operations import visits
from lti.operations.keys import sign
from lti.views import cookies, door
from lti.views.frames import let_frame
from organizations.models import User
from organizations.queries import withheld_roles

SHOWN = 50  # courses on the page, the newest


@never_cache
@csrf_exempt  # in a frame no cookie of ours comes along that Django's check needs; ``form_key`` stands for it
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest, visit_id: int) -> HttpResponse:
    """List what the person may open: courses, or with ``run`` one course and its lessons; send back what they chose."""
    try:
        visit, person = door.opened(request, visit_id)
        run_id = id_or_none((request.POST if request.method == "POST" else request.GET).get("run", ""))
        if request.method == "POST":
            return _chosen(request, visit, _run(person, run_id))
    except UnableToLaunch as error:
        return door.refuse(request, error, None)
    context: dict[str, Any] = {"visit": visit, "platform": visit.platform}
    if run_id is None:
        part = request.GET.get("q", "").replace("\0", "").encode(errors="ignore").decode().strip()
        rows = _runs(person, part)
        context |= {"rows": rows[:SHOWN], "is_more": len(rows) > SHOWN, "q": part}
        context["lacks_roles"] = bool(withheld_roles(user=person))
    else:
        run = _run(person, run_id)
        context |= {"run": run, "lessons": lessons_of(run.page), "key": cookies.form_key(request, visit)}
    return let_frame(render(request, "lti/choose.html", context), visit.platform)


def _runs(person: User, part: str) -> list[CourseRun]:
    found = readable_runs(person).select_related("occasion__training", "occasion__node")
    if part:
        found = found.filter(occasion__title__contains=part)
    return list(found.order_by("-occasion__starts_at", "-pk")[: SHOWN + 1])


def _run(person: User, run_id: int | None) -> CourseRun:
    runs = readable_runs(person).select_related("occasion__training", "occasion__node", "page")
    run = runs.filter(pk=run_id).first() if run_id is not None else None
    if run is None:
        raise Http404
    return run


def _chosen(request: HttpRequest, visit: Visit, run: CourseRun) -> HttpResponse:
    key = request.POST.get("key", "")
    if not claims.is_whole(key) or not constant_time_compare(key, cookies.form_key(request, visit)):
        raise Http404
    asked = request.POST.get("lesson", "")
    lessons = {str(one.page.pk): one.page for one in lessons_of(run.page)}
    if asked and asked not in lessons:
        raise Http404  # withdrawn since the page was opened; nothing is sent
    title, address = run.occasion.title, reverse("courses_course", args=[run.pk])
    if asked:
        title, address = lessons[asked].title, reverse("courses_lesson", args=[run.pk, lessons[asked].pk])
    now = timezone.now()
    visits.finish(visit=visit, as_of=now)
    item = {
        "type": claims.LINK,
        "title": title,
        "url": f"{settings.SITE_URL}{address}",
        "window": {"targetName": "_blank"},
    }
    told = claims.answer(
        visit.wants,
        client_id=visit.platform.client_id,
        issuer=visit.platform.issuer,
        nonce=secrets.token_urlsafe(16),
        now_s=int(now.timestamp()),
        items=[item],
    )
    back = visit.wants["return_url"]
    context = {"platform": visit.platform, "title": title, "back": back, "jwt": sign(told, as_of=now)}
    response = let_frame(render(request, "lti/chosen.html", context), visit.platform, sends_to=back)
    cookies.drop(response, visit.state)
    return response
