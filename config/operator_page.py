"""运行状况: how the site is, for the operator of the whole tree; to everybody else there is no such page."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config import doctor
from config.management.commands.doctor import said
from live.operations import nodes
from live.queries.nodes import NodeState
from live.queries.nodes import states as node_states
from live.sentences.nodes import node_words
from organizations.permissions import operates_everything, role_required


@dataclass(frozen=True)
class Group:
    """Findings of one level under one heading."""

    title: str
    word: str
    chip: str
    findings: list[doctor.Finding]


@dataclass(frozen=True)
class MediaHost:
    """A host that carries lectures, and how it is, in words."""

    state: NodeState
    words: str


def media_hosts() -> list[MediaHost]:
    """Return every media host that was heard of lately; one query."""
    states = node_states(as_of=timezone.now())
    return [MediaHost(state, node_words(state, among=states)) for state in states]


def groups_of(found: list[doctor.Finding]) -> list[Group]:
    """Worst first; a level of which there is nothing has no heading."""
    named = [
        (doctor.Level.WRONG, _("有问题"), _("有问题"), "due"),
        (doctor.Level.CARE, _("要留意"), _("留意"), "plain"),
        (doctor.Level.FINE, _("正常"), _("正常"), "ok"),
    ]
    groups = [
        Group(title, word, chip, [finding for finding in found if finding.level == level])
        for level, title, word, chip in named
    ]
    return [group for group in groups if group.findings]


@role_required()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def health(request: HttpRequest) -> HttpResponse:
    if not operates_everything(request.user):
        raise Http404
    if request.method == "POST" and "node" in request.POST:
        return _drain(request)
    if request.method == "POST":
        doctor.confirm_key_kept(by=request.user.get_username(), as_of=timezone.now())
        messages.success(request, _("已经记下。换了密钥会再问一次。"))
        return redirect("health")
    found = doctor.examine(as_of=timezone.now())
    context = {"tab": "roster", "groups": groups_of(found), "summary": said(found), "key_kept": doctor.is_key_kept()}
    context["hosts"] = media_hosts()
    return render(request, "config/health.html", context)


def _drain(request: HttpRequest) -> HttpResponse:
    """A media host gets no new lecture, or gets them again."""
    name, on, by = request.POST["node"], request.POST.get("drain") == "1", request.user.get_username()
    try:
        node = nodes.drain(name=name, on=on, by=by, as_of=timezone.now())
    except nodes.UnableToDrain as error:
        messages.error(request, str(error))
        return redirect("health")
    told = _("“{name}”不再接新的直播，手上的照常到结束。") if on else _("“{name}”又接新的直播了。")
    messages.success(request, told.format(name=node.name))
    return redirect("health")
