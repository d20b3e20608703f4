"""What every answer of the interface has in common: one shape of errors, a mark by which it is known again (ADR 77)."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext as _

from organizations import replica

PREFIX = "/api/v1/"
OK, NOT_ALLOWED = 200, 405


def error(status: int, code: str, message: str, *, fields: list[str] | None = None, **headers: str) -> JsonResponse:
    """Return an error: a word for the program, a sentence for people, the parameters it is about."""
    said: dict[str, Any] = {"error": code, "message": message}
    if fields:
        said["fields"] = fields
    return JsonResponse(said, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


class Answers:
    """Give answers below ``/api/v1/`` their ETag, and 304 to whoever has the same already.

    The bytes are made and hashed each time: a page is small, and nothing has to say when what it is made of changed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        if request.method != "GET":  # whatever stands there: also what describes the interface
            return error(NOT_ALLOWED, "not_allowed", _("接口只能读取：请用 GET。"), Allow="GET")
        response = self.get_response(request)
        if response.status_code != OK or not isinstance(response, HttpResponse):
            return response
        response.headers["Cache-Control"] = "private, no-cache"  # asked again each time, with the ETag
        patch_vary_headers(response, ["Authorization"])
        if (as_of := getattr(request, "data_as_of", None)) is not None:
            response.headers[replica.HEADER] = as_of.isoformat(timespec="seconds")
        etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
        response.headers["ETag"] = etag
        answer = get_conditional_response(request, etag=etag, response=response) or response
        if replica.HEADER in response.headers:
            answer.headers[replica.HEADER] = response.headers[replica.HEADER]  # also of 304
        return answer
