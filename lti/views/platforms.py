"""Where the operator of the whole tree sets learning platforms up, checks, changes, withdraws and deletes them."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from attendance.sentences.records import day
from lti.core.claims import UnableToLaunch
from lti.forms import PlatformForm
from lti.keysets import asked
from lti.models import Platform
from lti.operations import platforms as do
from lti.queries import people_linked, platform_by_id, platforms
from lti.views.door import choosing_url, launch_url
from organizations.factors import OFFICE_FRESH_S
from organizations.models import Role
from organizations.permissions import operates_everything, role_required, signed_in
from organizations.views.factors import to_prove

SHOWN = 100


@dataclass(frozen=True)
class Card:
    """One platform in words."""

    platform: Platform

    @property
    def is_on(self) -> bool:
        return self.platform.off_at is None

    @property
    def state(self) -> str:
        off = self.platform.off_at
        return _("可以从它进来") if off is None else _("%(day)s 已停用") % {"day": day(off)}

    @property
    def used(self) -> str:
        used = self.platform.used_at
        return _("还没有人从它进来过") if used is None else _("最近使用：%(day)s") % {"day": day(used)}

    @property
    def made(self) -> str:
        one = self.platform
        return _("%(name)s 于 %(day)s 登记") % {"name": one.made_by.name, "day": day(one.made_at)}


def ours() -> list[tuple[str, str]]:
    """What a platform's administrator enters there, each with the name it has in Moodle."""
    return [
        (_("工具网址（Tool URL）和重定向网址（Redirection URI）"), launch_url()),
        (_("开始登录的网址（Initiate login URL）"), settings.SITE_URL + reverse("lti_login")),
        (_("公钥网址（Public keyset）"), settings.SITE_URL + reverse("lti_keys")),
        (_("选择内容的网址（Content Selection URL）"), choosing_url()),
    ]


def _of_the_whole(request: HttpRequest) -> None:
    """Whoever comes in from a platform may belong anywhere: 404 to the operator of a part."""
    if not operates_everything(signed_in(request)):
        raise Http404


@never_cache
@role_required(Role.OPERATOR)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """List the platforms, and what has to be entered there."""
    _of_the_whole(request)
    context = {"tab": "people", "cards": [Card(one) for one in platforms()[:SHOWN]], "ours": ours()}
    return render(request, "lti/home.html", context)


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """Set a platform up. Its word lets people in: whoever believes it proves themselves, as for a sign-in link."""
    _of_the_whole(request)
    if (proving := to_prove(request, within_s=OFFICE_FRESH_S)) is not None:
        return proving
    form = PlatformForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = do.make_platform(maker=signed_in(request), as_of=timezone.now(), **form.cleaned_data)
        except do.UnableToKeepPlatform as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("已登记“%(name)s”。请点“检查”，看它的公钥取不取得到。") % {"name": made.name})
            return redirect("lti_platform", made.pk)
    context = {"tab": "people", "form": form, "ours": ours()}
    return render(request, "lti/edit.html", context, status=422 if form.errors else 200)


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, platform_id: int) -> HttpResponseBase:
    """Change what is known of a platform; the same proof."""
    found = _found(request, platform_id)
    if (proving := to_prove(request, within_s=OFFICE_FRESH_S)) is not None:
        return proving
    before = {name: getattr(found, name) for name in do.FIELDS} | {"deployments": "\n".join(found.deployments)}
    form = PlatformForm(request.POST if request.method == "POST" else None, initial=before)
    if form.is_valid():
        try:
            do.change_platform(platform_id=found.pk, actor_id=signed_in(request).pk, **form.cleaned_data)
        except do.UnableToKeepPlatform as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("已保存。"))
            return redirect("lti_platform", found.pk)
    context = {"tab": "people", "form": form, "platform": found, "ours": []}
    return render(request, "lti/edit.html", context, status=422 if form.errors else 200)


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def platform(request: HttpRequest, platform_id: int) -> HttpResponseBase:
    """Show a platform; check it, withdraw it, take it back (the same proof), delete it."""
    found = _found(request, platform_id)
    if request.method == "POST":
        return _done(request, found)
    context = {"tab": "people", "card": Card(found), "linked": people_linked(found)}
    return render(request, "lti/platform.html", context)


def _found(request: HttpRequest, platform_id: int) -> Platform:
    _of_the_whole(request)
    found = platform_by_id(platform_id)
    if found is None:
        raise Http404
    return found


def _done(request: HttpRequest, found: Platform) -> HttpResponseBase:
    what, actor_id = request.POST.get("do", ""), signed_in(request).pk
    if what == "on" and (proving := to_prove(request, within_s=OFFICE_FRESH_S)) is not None:
        return proving
    if what == "check":
        _check(request, found)
    elif what in {"on", "off"}:
        do.switch(platform_id=found.pk, on=what == "on", actor_id=actor_id, as_of=timezone.now())
        said = _("已重新启用。") if what == "on" else _("已停用，马上生效：谁也不能再从它进来。")
        messages.success(request, said)
    elif what == "delete":
        try:
            do.delete_platform(platform_id=found.pk, actor_id=actor_id)
        except do.UnableToKeepPlatform as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("已删除“%(name)s”。") % {"name": found.name})
            return redirect("lti_home")
    return redirect("lti_platform", found.pk)


def _check(request: HttpRequest, found: Platform) -> None:
    """Ask for its keys, as a launch would."""
    try:
        count = len(asked(found.keyset_url)["keys"])
    except UnableToLaunch:
        text = _("公钥取不到：连不上，或者那里没有公钥。请核对公钥地址，本站的服务器要能打开它。")
        messages.error(request, text)
        return
    text = _("公钥取到了，有 %(count)s 把。接下来请从学习平台打开一次，确认编号都对。")
    messages.success(request, text % {"count": count})
