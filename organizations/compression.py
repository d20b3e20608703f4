"""Pages travel compressed, so that a secretary's long list costs a weak line no more than a picture."""

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompressionMiddleware(GZipMiddleware):
    """Django's gzip (with its random padding against BREACH), for whole HTML and JSON answers only.

    Media and exports stream with ranges and are compressed already: they pass untouched.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.streaming or response.status_code == 206 or kind not in ("text/html", "application/json"):
            return response
        return super().process_response(request, response)
