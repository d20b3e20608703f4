"""Pictures of the library for its editors. Members get theirs through the lesson (courses/views.py)."""

import mimetypes

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from cms.permissions import OFFICE
from organizations.permissions import has_role

FOLDERS = ("images/", "original_images/")


@require_safe
def library_file(request: HttpRequest, path: str) -> FileResponse:
    """Answer a picture that Wagtail's admin shows; to everybody else there is nothing here."""
    allowed = has_role(request.user, *OFFICE) or getattr(request.user, "is_superuser", False)
    if not allowed or not path.startswith(FOLDERS) or ".." in path or not default_storage.exists(path):
        raise Http404
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(default_storage.open(path), content_type=kind, headers=headers)
