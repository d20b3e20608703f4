"""Who looked at whose record: one's own list, and the auditor's."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from organizations.models import Role
from organizations.permissions import role_required
from organizations.queries import access_entries

ENTRIES_PER_PAGE = 50


@role_required()
@require_safe
def my_access(request: HttpRequest) -> HttpResponse:
    """谁看过我的记录."""
    page = Paginator(access_entries(subject_id=request.user.pk), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "organizations/my_access.html", {"tab": "me", "page": page})


@role_required(Role.AUDITOR)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The whole log, newest first; nobody can change or erase it here."""
    page = Paginator(access_entries(), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "organizations/audit.html", {"tab": "audit", "page": page})
