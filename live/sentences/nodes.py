"""Media hosts in words, for the operator."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from live.queries.nodes import NodeState


def node_words(state: NodeState, *, among: Sequence[NodeState]) -> str:
    """Return how a media host is, what it carries, and whether it can be stopped; ``among``: all hosts."""
    return "".join([_presence(state), _carries(state), _draining(state, among)])


def _presence(state: NodeState) -> str:
    if state.is_there:
        return _("在工作。")
    return _("没有消息：正在直播的会由别的主机接过去。") if state.live else _("没有消息。")


def _carries(state: NodeState) -> str:
    told = []
    if state.live:
        told.append(ngettext("{n} 场正在直播", "{n} 场正在直播", state.live).format(n=state.live))
    if state.packing:
        told.append(ngettext("{n} 场在整理回放", "{n} 场在整理回放", state.packing).format(n=state.packing))
    return _("{what}。").format(what="，".join(told)) if told else ""


def _draining(state: NodeState, among: Sequence[NodeState]) -> str:
    if not state.is_draining:
        return ""
    if not any(other.is_there and not other.is_draining for other in among):
        return _("已经设为不再接新的直播，但没有别的媒体主机在工作，新的直播还是会到在工作的这几台。")
    if state.is_empty:
        return _("不再接新的直播，现在是空的，可以停机。")
    return _("不再接新的直播，手上的直播照常到结束。")
