"""Pages on paper: a template becomes a PDF. Every app has its own templates and view models; this only prints them.

WeasyPrint (ADR 35) lays out HTML with CSS for paged media. It sees what the template says and nothing else: no address
is fetched, neither from the net nor from the disk.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetchingError

FONTS = '"Noto Sans CJK SC", sans-serif'


class _Nothing(URLFetcher):
    """Refuses every address: what a printed page needs stands in it (styles, SVG)."""

    def fetch(self, url: str, headers: Any = None) -> Any:
        raise URLFetchingError(f"a printed page asks for {url[:80]}")


def pdf_of(template: str, context: Mapping[str, Any]) -> bytes:
    """Return the template as a PDF. Its styles stand in it; text is in ``FONTS`` (``{{ fonts }}`` in the template).

    Long ones take seconds (a page about 30 ms): more than some twenty pages belong into a task.
    """
    html = render_to_string(template, {"fonts": FONTS, **context})
    made: bytes = HTML(string=html, url_fetcher=_Nothing()).write_pdf()
    return made


def pdf_answer(content: bytes, *, filename: str) -> HttpResponse:
    """Return the PDF as a download named ``filename`` (any language; ``.pdf`` included), kept by nobody on the way."""
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=filename) or "attachment",
            "Cache-Control": "private, no-store",
        },
    )
