"""Whether the records are whole: what the site itself missed, the monthly files, and whether a file is one of them."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance.models import MonthlyFile
from attendance.operations import monthly
from attendance.permissions import NAMES
from attendance.queries.gaps import Gap, gaps
from attendance.queries.monthly_files import monthly_files, monthly_files_of
from attendance.queries.sealing import last_seal
from attendance.reports.render import CONTENT_TYPES
from attendance.sentences.records import day, day_and_hour, length
from organizations.models import Role, User
from organizations.operations import log_list
from organizations.permissions import has_role, role_required, signed_in, visible_nodes

READERS = (Role.SECRETARY, Role.ORGANISER, Role.AUDITOR, Role.OPERATOR)
CHECKERS = (Role.SECRETARY, Role.AUDITOR, Role.OPERATOR)
SINCE = timedelta(days=90)
MOST_GAPS, MOST_FILES = 100, 36


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@role_required(*READERS)
def integrity(request: HttpRequest) -> HttpResponse:
    """Show the gaps and the monthly files of one's own part of the tree; POST says what an uploaded file is."""
    user, as_of = signed_in(request), timezone.now()
    found = gaps(nodes=visible_nodes(user, *READERS), since=as_of - SINCE, limit=MOST_GAPS)
    files = _files(user)
    context: dict[str, Any] = {
        "tab": "branch",
        "gaps": [(one, _gap_words(one)) for one in found],
        "files": [(one, _file_words(one), _may_download(user, one)) for one in files],
        "may_check": has_role(user, *CHECKERS),
        "sealed": _sealed_words(),
    }
    if request.method == "POST":
        context["answer"], context["is_good"] = _checked(request, user)
    return render(request, "attendance/integrity.html", context)


def _files(user: User) -> list[MonthlyFile]:
    tops = visible_nodes(user, *CHECKERS).filter(depth=1)
    return list(monthly_files_of(tops)[:MOST_FILES])


def _may_download(user: User, one: MonthlyFile) -> bool:
    return one.expired_at is None and has_role(user, *NAMES, node=one.node)


def _gap_words(one: Gap) -> str:
    said = [day_and_hour(one.occasion.starts_at), _("系统中断 %(long)s") % {"long": length(one.away_ms)}]
    if one.incomplete:
        count = {"count": one.incomplete}
        said.append(ngettext("%(count)s 人记录不全", "%(count)s 人记录不全", one.incomplete) % count)
    else:
        said.append(_("不影响任何人的结果"))
    return " · ".join(said)


def _file_words(one: MonthlyFile) -> str:
    rows = ngettext("%(count)s 条", "%(count)s 条", one.rows) % {"count": one.rows}
    kept = _("%(at)s 生成") if one.expired_at is None else _("%(at)s 生成，文件已过保存期，仍可核验")
    return f"{rows} · {kept % {'at': day(one.made_at)}}"


def _sealed_words() -> str:
    seal = last_seal()
    return _("记录已封存到 %(day)s。") % {"day": day(seal.day)} if seal else _("还没有封存过记录。")


def _checked(request: HttpRequest, user: User) -> tuple[str, bool]:
    """Return what the uploaded file is, in words, and whether it is as it was handed over.

    Whoever has the very file may know whose it is; of one that was altered it is said only to those who may see it.
    """
    file = request.FILES.get("file")
    if file is None or not has_role(user, *CHECKERS):
        return _("请先选一个文件。"), False
    what, one = monthly.check(file)  # type: ignore[arg-type]
    if one is not None and one not in _files(user) and what != "sealed":
        what, one = "unknown", None
    if one is None:
        return _("这不是本网站生成的月报，或者已经改得认不出来了。"), False
    said = {"unit": one.node.name, "month": f"{one.month:%Y-%m}", "at": day(one.made_at)}
    if what == "sealed":
        return _("没有改动过：这是%(unit)s %(month)s 的月报，%(at)s 生成。") % said, True
    return _("改动过：文件自称是%(unit)s %(month)s 的月报，内容和 %(at)s 生成的不一样。") % said, False


@require_GET
@never_cache
@role_required(*NAMES)
@transaction.atomic
def monthly_file(request: HttpRequest, file_id: int) -> HttpResponseBase:
    """Send a monthly file to a secretary of its unit: one row of the access log, for everybody in it."""
    user, as_of = signed_in(request), timezone.now()
    one = get_object_or_404(monthly_files(), pk=file_id)
    path = monthly.path_of(one)
    if not _may_download(user, one) or not path.is_file():
        raise Http404
    title = _("%(month)s 月报") % {"month": f"{one.month:%Y-%m}"}
    log_list(
        reader_id=user.pk, node_id=one.node_id, member_ids=None, what="export", as_of=as_of, role=Role.SECRETARY,
        title=title, reason="xlsx", count=one.rows, once_in=None,
    )  # fmt: skip
    name = f"{one.node.name}-{one.month:%Y-%m}.xlsx"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=CONTENT_TYPES["xlsx"])
