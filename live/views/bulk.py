"""Many lectures from a table, in Wagtail's admin; the empty table to fill in."""

import io
from urllib.parse import quote

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from live.bulk import template_file
from live.bulk_forms import BulkForm
from live.core.bulk import TITLE
from live.sentences.series import series_planned_words
from organizations.models import Role
from organizations.permissions import role_required, signed_in

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
def bulk(request: HttpRequest) -> HttpResponse:
    """Read a table and show each row; plan all that stay, once none of them is wrong."""
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = BulkForm(data, files, user=signed_in(request))
    if request.method == "POST" and form.is_valid() and form.save(as_of=timezone.now()):
        messages.success(request, series_planned_words(form.made))
        return redirect("live_schedule")
    return render(request, "live/admin/bulk.html", {"form": form, "columns": _("、").join(TITLE.values())})


@require_safe
@role_required(Role.ORGANISER)
def bulk_template(request: HttpRequest) -> FileResponse:
    """Send the empty table."""
    response = FileResponse(io.BytesIO(template_file()), content_type=XLSX)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(_('直播安排模板'))}.xlsx"
    return response
