"""A course goes out as one zip file, and comes in as a new draft (ADR 73)."""

import tempfile
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cms.packs.archive import UnfitPack
from cms.packs.bringing import import_pack
from cms.packs.writing import UnableToExport, write_pack
from cms.queries import course_to_export
from media.storage import UnableToStore, require_space
from organizations.models import Role
from organizations.permissions import open_nodes, role_required, signed_in
from organizations.unit_choice import ORGANISE, UnitChoice


class WeighedInput(forms.ClearableFileInput):
    """Its island (frontend/src/weigh) tells of a file that is too large before it is sent."""

    class Media:
        js = ["js/weigh.js"]


class ImportForm(forms.Form):
    """The file, and the unit in which the draft is made."""

    file = forms.FileField(
        label=gettext_lazy("课程文件"),
        error_messages={
            "required": gettext_lazy("请选课程文件。"),
            "empty": gettext_lazy("课程文件是空的。请重新导出。"),
        },
        widget=WeighedInput(attrs={"accept": ".zip,application/zip"}),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = {"most": settings.COURSE_FILE_MAX_BYTES // 2**20}
        self.too_large = _("课程文件太大：最多 %(most)s MB，没有导入。请重新导出，或者把课分成两门再导出。") % most
        self.fields["file"].help_text = _("用“导出成文件”得到的 zip，最大 %(most)s MB；不要解压再压缩。") % most
        weighed = {"data-most-bytes": settings.COURSE_FILE_MAX_BYTES, "data-too-large": self.too_large}
        self.fields["file"].widget.attrs.update(weighed)
        nodes = open_nodes(user, Role.ORGANISER)
        self.fields["node"] = UnitChoice(
            nodes, scope=ORGANISE, label=_("所属组织"), initial=nodes.values_list("pk", flat=True).first(),
            help_text=_("新的课程草稿归这里，练习的题目放进这里的题库。"),
            error_messages={"required": _("请选所属组织。")},
        )  # fmt: skip

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.COURSE_FILE_MAX_BYTES:
            raise forms.ValidationError(self.too_large)
        return file


@never_cache
@require_safe
@role_required(Role.ORGANISER)
def course_export(request: HttpRequest, course_id: int) -> HttpResponseBase:
    """Answer a course as one zip file, written to the disk first."""
    course = course_to_export(course_id)
    if course is None or not course.permissions_for_user(request.user).can_edit():
        raise Http404
    # Gone as soon as it is sent, or when the process ends.
    file = tempfile.TemporaryFile(dir=settings.VAR_DIR)  # noqa: SIM115 - the response closes it
    try:
        require_space(settings.COURSE_FILE_MAX_BYTES)
        write_pack(course=course, user=signed_in(request), target=file, most_bytes=settings.COURSE_FILE_MAX_BYTES)
    except (UnableToExport, UnableToStore) as error:
        file.close()
        said = str(error) or _("服务器的磁盘快满了，现在不能导出。请告诉管理员。")
        messages.error(request, said)
        return redirect("wagtailadmin_pages:edit", course_id)
    file.seek(0)
    return FileResponse(
        file, as_attachment=True, filename=f"{course.title[:80]}.zip", content_type="application/zip",
        headers={"X-Content-Type-Options": "nosniff"},
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def course_import(request: HttpRequest) -> HttpResponse:
    """Make a draft of an exported file, or say everything that is wrong with it."""
    if request.method != "POST":
        return _page(request, ImportForm(user=request.user))
    form = ImportForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        brought = import_pack(
            file=form.cleaned_data["file"], node=form.cleaned_data["node"], user=signed_in(request),
            as_of=timezone.now(),
        )  # fmt: skip
    except UnfitPack as error:
        return _page(request, form, faults=error.faults, status=422)
    messages.success(request, _("导入好了，是一份草稿，党员还看不到。请看过每一课再发布。"))
    for note in brought.notes:
        messages.warning(request, note)
    return redirect("wagtailadmin_explore", brought.course.pk)


def _page(
    request: HttpRequest, form: ImportForm, *, faults: list[str] | None = None, status: int = 200
) -> HttpResponse:
    return render(request, "cms/admin/import.html", {"form": form, "faults": faults or []}, status=status)
