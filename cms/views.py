"""Pictures of the library for its editors. Members get theirs through the lesson (courses/views.py)."""

import mimetypes

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from cms.library import may_look_at, picture_named
from cms.permissions import OFFICE
from media.storage import UnableToReach
from organizations.permissions import has_role


@require_safe
def library_file(request: HttpRequest, path: str) -> FileResponse:
    """Answer a picture that Wagtail's admin shows this person; to everybody else there is nothing here."""
    allowed = has_role(request.user, *OFFICE) or getattr(request.user, "is_superuser", False)
    picture = picture_named(path) if allowed and "\x00" not in path else None
    if picture is None or not may_look_at(request.user, picture):
        raise Http404
    try:
        file = default_storage.open(path)
    except UnableToReach:
        raise
    except OSError as error:  # the row is there, the file is not
        raise Http404 from error
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(file, content_type=kind, headers=headers)
