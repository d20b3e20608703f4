"""The operator's page of what is kept how long: the table of the command; to everybody else there is no such page."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.retention.kinds import table
from config.retention.sentences import row_of
from organizations.permissions import operates_everything, role_required


@role_required()
@never_cache
@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    if not operates_everything(request.user):
        raise Http404
    as_of = timezone.now()
    rows = [row_of(line, as_of=as_of) for line in table(as_of=as_of)]
    return render(request, "config/retention.html", {"tab": "roster", "rows": rows})
