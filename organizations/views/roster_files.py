"""The roster's downloads for the operator: an empty file to fill in, and the present roster of one's own part."""

import io
import re
from urllib.parse import quote

from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from organizations.models import Node, Role, User
from organizations.operations import log_list
from organizations.permissions import role_required, signed_in, visible_nodes
from organizations.roster_export import export_roster, roster_template

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_KEY = 9


@role_required(Role.OPERATOR)
@require_safe
def template(request: HttpRequest) -> FileResponse:
    return _file(io.BytesIO(roster_template()), _("名册模板"))


@role_required(Role.OPERATOR)
@require_safe
@never_cache
@transaction.atomic
def export(request: HttpRequest) -> FileResponse:
    """The people below ``?under=`` (a node of one's own; else the highest one); one row of the access log."""
    reader, as_of = signed_in(request), timezone.now()
    node = _node_or_404(reader, request.GET.get("under", ""))
    out = io.BytesIO()
    people = export_roster(node=node, on_date=timezone.localdate(as_of), to=out)
    log_list(
        reader_id=reader.pk, node_id=node.pk, member_ids=people, what="roster", as_of=as_of, role=Role.OPERATOR,
        once_in=None,
    )  # fmt: skip
    out.seek(0)
    return _file(out, f"{_('名册')}-{node.name}-{timezone.localtime(as_of):%Y%m%d-%H%M}")


def _node_or_404(operator: User, key: str) -> Node:
    nodes = visible_nodes(operator, Role.OPERATOR)
    if key and not (key.isascii() and key.isdigit() and len(key) <= LONGEST_KEY):
        raise Http404
    node = nodes.filter(pk=int(key)).first() if key else nodes.first()
    if node is None:
        raise Http404
    return node


def _file(out: io.BytesIO, name: str) -> FileResponse:
    response = FileResponse(out, content_type=XLSX)
    bare = re.sub(r'[\x00-\x1f"*/:<>?\\|]', "", name)[:120]
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(bare)}.xlsx"
    return response
