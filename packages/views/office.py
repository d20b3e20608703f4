"""课件包: an organiser brings packages in, looks at them, puts another file in their place, withdraws and
deletes them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from media.storage import UnableToStore
from organizations.models import Role
from organizations.office import own, shelf
from organizations.permissions import open_nodes, role_required, signed_in
from organizations.uses import changed_with, uses_of
from packages import operations
from packages.archive import UnfitPackage
from packages.forms import PackageForm
from packages.models import Package
from packages.queries import counts_of, package_in, packages_in
from packages.sentences import counts_words, given_words
from packages.views.playing import Place, play

A_PAGE = 20


def own_package(request: HttpRequest, package_id: int) -> Package:
    """Return a package of one's own part of the tree; a neighbour's does not exist. Raises Http404."""
    return own(request, package_in, package_id)


@never_cache
@require_safe
@role_required(Role.ORGANISER)
def index(request: HttpRequest) -> HttpResponse:
    """The packages, the newest first; the withdrawn ones when asked for."""
    return render(request, "packages/admin/index.html", shelf(request, packages_in, a_page=A_PAGE)._asdict())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def add(request: HttpRequest) -> HttpResponse:
    """Bring a package in, or say what is wrong with the file."""
    nodes = open_nodes(request.user, Role.ORGANISER)
    if request.method != "POST":
        return _form_page(request, PackageForm(nodes=nodes))
    form = PackageForm(request.POST, request.FILES, nodes=nodes)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    said = form.cleaned_data
    try:
        made = operations.add_package(
            file=said["file"], title=said["title"], node_id=said["node"].pk, made_by_id=signed_in(request).pk,
            as_of=timezone.now(),
        )  # fmt: skip
    except (UnfitPackage, UnableToStore) as error:
        form.add_error("file", _why(error))
        return _form_page(request, form, status=422)
    messages.success(request, _("课件包已保存。先点“预览”看看，再在写课的时候加一块“课件包”，选它就行。"))
    return redirect("packages_package", made.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def edit(request: HttpRequest, package_id: int) -> HttpResponse:
    """Name a package anew, and put another file in its place."""
    package = own_package(request, package_id)
    if request.method != "POST":
        return _form_page(request, PackageForm(initial={"title": package.title}), package)
    form = PackageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, form, package, status=422)
    said = form.cleaned_data
    try:
        operations.change_package(
            package_id=package.pk, title=said["title"], file=said["file"] or None, as_of=timezone.now()
        )
    except (UnfitPackage, UnableToStore) as error:
        form.add_error("file", _why(error))
        return _form_page(request, form, package, status=422)
    messages.success(
        request,
        _("已换成新的一版：大家从头学新的一版，以前的结果都保存着。") if said["file"] else _("名称已保存。"),
    )
    return redirect("packages_package", package.pk)


def _why(error: Exception) -> str:
    return str(error) or _("服务器的磁盘快满了，现在不能上传。请告诉管理员。")


def _form_page(
    request: HttpRequest, form: PackageForm, package: Package | None = None, status: int = 200
) -> HttpResponse:
    went = counts_words(**counts_of(package), version=package.version) if package else ""
    shown = changed_with(package, user=signed_in(request), as_of=timezone.now()) if package else []
    given = given_words(package) if package else ""
    context = {"form": form, "package": package, "went": went, "shown": shown, "given": given}
    return render(request, "packages/admin/package.html", context, status=status)


@require_POST
@role_required(Role.ORGANISER)
def offer(request: HttpRequest, package_id: int) -> HttpResponse:
    """Let nobody open a package any more (``do=off``), or let them again."""
    package = own_package(request, package_id)
    if request.POST.get("do") == "off":
        operations.withdraw_package(package_id=package.pk, as_of=timezone.now())
        messages.success(request, _("课件包已撤下：放着它的课里，大家不用再学它；以前的结果都保存着。"))
    else:
        operations.offer_package_again(package_id=package.pk)
        messages.success(request, _("课件包已恢复，大家可以学了。"))
    return redirect("packages_package", package.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def delete(request: HttpRequest, package_id: int) -> HttpResponse:
    """Ask, and delete a package that no lesson shows and nobody has studied; say why another stays."""
    package = own_package(request, package_id)
    if request.method == "POST":
        try:
            operations.delete_package(package_id=package.pk)
        except operations.UnableToDelete:
            messages.error(request, _("没有删除：还有课放着它，或者有人学过它。"))
            return redirect("packages_delete", package.pk)
        messages.success(request, _("课件包“%(title)s”已删除。") % {"title": package.title})
        return redirect("packages_index")
    uses = uses_of(package, user=signed_in(request), as_of=timezone.now())
    context = {"package": package, "uses": uses, "began": counts_of(package)["began"]}
    return render(request, "packages/admin/delete.html", context)


@never_cache
@require_safe
@role_required(Role.ORGANISER)
def preview(request: HttpRequest, package_id: int) -> HttpResponse:
    """Play a package as on a phone; nothing is kept."""
    package = own_package(request, package_id)
    back = reverse("packages_package", args=[package.pk])
    return play(request, package, Place(back_url=back, back_title=_("课件包"), note="preview"))
