"""What several pages of certificates need: a sheet to print, the PDF, the setting or 404."""

import re
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

from certificates.core.content import Content
from certificates.sentences import Sheet, drawn
from organizations.printing import pdf_answer, pdf_of


def sheet_of(request: HttpRequest, content: Content, *, mark: str = "") -> Sheet:
    """Return a certificate as it is printed, with the code that leads to its check page on this site."""
    address = request.build_absolute_uri(reverse("certificate_check", args=[content.number]))
    ask = request.build_absolute_uri(reverse("certificate_ask"))
    return Sheet(content, drawn(address), ask, mark)


def printed(sheets: Sequence[Sheet], *, name: str) -> HttpResponse:
    """Answer with these certificates as one PDF, a page each; in Chinese, whatever language the reader has.

    Raises UnableToPrint.
    """
    with translation.override(settings.LANGUAGE_CODE):
        content = pdf_of("certificates/print_certificates.html", {"sheets": sheets})
    filename = re.sub(r'[\x00-\x1f"*/:<>?\\|]', "", name)[:100]
    return pdf_answer(content, filename=f"{filename}.pdf")
