"""Which answers a platform may show in a frame of its own pages: few, and for this platform alone."""

from typing import TypeVar

from django.http.response import HttpResponseBase

from lti.core.claims import origin_of
from lti.models import Platform

Answer = TypeVar("Answer", bound=HttpResponseBase)


def let_frame(response: Answer, platform: Platform | None, *, sends_to: str = "") -> Answer:
    """Let the platform frame an answer, and a form on it go to ``sends_to`` (an address that is safe) too.

    ``frame-ancestors`` stands above X-Frame-Options (CSP 3, 6.4.2.1), which keeps refusing where it is not known.
    """
    origins = {origin_of(platform.issuer), origin_of(platform.authorize_url)} - {""} if platform else set()
    replaced = {"frame-ancestors": ["'self'", *sorted(origins)]} if origins else {}
    if sends_to:
        replaced["form-action"] = ["'self'", origin_of(sends_to)]
    response._csp_replace = replaced  # type: ignore[attr-defined]  # noqa: SLF001 - as csp.decorators.csp_replace does
    return response
