"""Pages on paper: a template becomes a PDF. Every app has its own templates and view models; this only prints them.

WeasyPrint (ADR 35) lays out HTML with CSS for paged media, in a process of its own (``organizations/printer.py``). It
sees what the template says and nothing else: no address is fetched, neither from the net nor from the disk.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

FONTS = '"Noto Sans CJK SC", sans-serif'
PATIENCE_S = 60.0
log = structlog.get_logger(__name__)


class UnableToPrint(Exception):
    """The document could not be made; the message is fit for people."""

    def __init__(self) -> None:
        super().__init__(_("这份文件没有做成，请稍后再试一次；内容很多的，请分成几份。"))


def pdf_of(template: str, context: Mapping[str, Any]) -> bytes:
    """Return the template as a PDF. Its styles stand in it; text is in ``FONTS`` (``{{ fonts }}`` in the template).

    Half a second and about 30 ms a page: more than some twenty pages belong into a task. Raises UnableToPrint.
    """
    html = render_to_string(template, {"fonts": FONTS, **context})
    # Nothing of this process's environment: there are secrets in it. The font cache spares two seconds each time.
    env = {"PATH": os.defpath, "LANG": "C.UTF-8", "XDG_CACHE_HOME": str(settings.VAR_DIR / "cache")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "organizations.printer"],
            input=html.encode(),
            capture_output=True,
            check=True,
            cwd=settings.BASE_DIR,
            env=env,
            timeout=PATIENCE_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        log.exception("not_printed", template=template, said=said.decode(errors="replace")[-400:])
        raise UnableToPrint from error
    if done.stderr:
        log.warning("printed_with_remarks", template=template, said=done.stderr.decode(errors="replace")[-400:])
    return done.stdout


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
