"""Addresses inside a lesson: they come from whoever shows it, because the right to read belongs to that place."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()
LONGEST_SIDE = 1280


@register.simple_tag
def picture_of(links: Any, image: Any) -> dict[str, Any]:
    """Return address, width and height of a picture as shown, so that the page keeps its place free."""
    scale = min(1.0, LONGEST_SIDE / max(image.width, image.height, 1))
    return {"url": links.picture(image), "width": round(image.width * scale), "height": round(image.height * scale)}


@register.simple_tag
def document_of(links: Any, document: Any) -> str:
    return str(links.document(document))


@register.simple_tag
def video_of(links: Any, video: Any) -> dict[str, Any]:
    """Return where a video of the lesson plays (``url``, ``here``: in the player above), and what is said of it."""
    place: dict[str, Any] = links.video(video)
    step = _("回到视频 ↑") if place["here"] else _("看视频 ›")
    return {**place, "step": step, "about": _about(video, here=place["here"])}


def _about(video: Any, *, here: bool) -> str:
    if video.state == "failed":
        return _("这个视频没有处理成功")
    if video.state != "ready":
        return _("视频还在处理")
    return f"{_('视频')} · {_('在上面播放')}" if here else _("视频")
