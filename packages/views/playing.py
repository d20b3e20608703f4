"""The page in which a package plays, and what it reports. Who may is asked by whoever shows the lesson."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.limits import count, seconds_left
from organizations.operations import UnableToTry
from organizations.permissions import signed_in
from packages.core.reports import UnfitReport, read_report
from packages.models import Package, Result
from packages.operations import UnableToKeep, keep_report
from packages.queries import result_of
from packages.sentences import kept_note, page_words, result_words, why_not_kept
from packages.signing import token


@dataclass(frozen=True)
class Place:
    """Where a package plays. ``report_url``: who takes what it says; "" where nothing is kept, and ``note`` (preview,
    reading) says why."""

    back_url: str
    back_title: str
    report_url: str = ""
    note: str = ""


def play(request: HttpRequest, package: Package, place: Place) -> HttpResponse:
    """Show a package in its frame, beginning where its reader was."""
    viewer, as_of = signed_in(request), timezone.now()
    result = result_of(package=package, member_id=viewer.pk) if place.report_url else None
    words = page_words()
    page = {
        "src": f"/packages/{token(key=package.key, viewer_id=viewer.pk, as_of=as_of)}/{package.launch}",
        "report_url": place.report_url,
        "version": package.version,
        "seen": result.revision if result else 0,
        "last": result.report_id if result else "",
        "name": f"package-{viewer.pk}-{package.pk}",
        "state": _state(result),
        "given": package.given,
    }
    context = {
        "tab": "courses", "package": package, "place": place, "page": page, "words": words,
        "note": words.get(place.note, ""), "said": result_words(result) if place.report_url else "",
    }  # fmt: skip
    return render(request, "packages/play.html", context)


def _state(result: Result | None) -> dict[str, Any]:
    if result is None:
        return {"status": "", "success": "", "score": None, "location": "", "suspend": "", "total_ms": 0}
    return {
        "status": result.status,
        "success": result.success,
        "score": result.score,
        "location": result.location,
        "suspend": result.suspend_data,
        "total_ms": result.total_ms,
    }


def keep(request: HttpRequest, package: Package) -> JsonResponse:
    """Keep a report and acknowledge it with its revision; 409 says why it is not kept, 400 that it is none."""
    member = signed_in(request)
    try:
        count("package_report", {"person": str(member.pk)})
        kept = keep_report(
            package_id=package.pk, member_id=member.pk, report=read_report(_json(request)), as_of=timezone.now()
        )
    except UnableToTry as error:
        answer = JsonResponse({"error": "limited", "message": _("保存得太勤，稍后会自动再试")}, status=429)
        answer["Retry-After"] = str(seconds_left(error))
        return answer
    except UnfitReport as error:
        return JsonResponse({"error": error.code, "message": why_not_kept(error.code)}, status=400)
    except UnableToKeep as error:
        return JsonResponse({"error": error.code, "message": why_not_kept(error.code)}, status=409)
    return JsonResponse({"revision": kept.revision, "note": kept_note(package, kept)})


def _json(request: HttpRequest) -> Any:
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise UnfitReport("malformed") from error
