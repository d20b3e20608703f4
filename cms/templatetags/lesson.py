"""Addresses inside a lesson: they come from whoever shows it, because the right to read belongs to that place."""

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms.sentences import paper_note

register = template.Library()
LONGEST_SIDE = 1280


@register.simple_tag
def picture_of(links: Any, image: Any) -> dict[str, Any]:
    """Return address, width and height of a picture as shown, so that the page keeps its place free."""
    scale = min(1.0, LONGEST_SIDE / max(image.width, image.height, 1))
    return {"url": links.picture(image), "width": round(image.width * scale), "height": round(image.height * scale)}


@register.simple_tag
def document_of(links: Any, document: Any) -> dict[str, str]:
    """Return where a document is read (``url``): its pages where the phone can show them, else the file itself.

    ``note``: why a PDF can only be opened as a file, or why nothing can be opened here (then ``url`` is ""); "" for all
    else.
    """
    kind = document.file_extension.upper()
    if away := getattr(links, "away", None):  # on a phone, without a network
        return {"url": "", "about": kind, "step": "", "note": away()}
    url, paper = links.pages(document)
    if not url:
        note = paper_note(paper) if paper else ""
        return {"url": str(links.document(document)), "about": kind, "step": _("打开 ›"), "note": note}
    about = ngettext("%(kind)s · %(n)d 页", "%(kind)s · %(n)d 页", paper.pages) % {"kind": kind, "n": paper.pages}
    return {"url": url, "about": about, "step": _("看 ›"), "note": ""}


@register.simple_tag
def pictures_of(links: Any, gallery: Any) -> dict[str, Any]:
    """Return the pictures of a gallery: ``shown`` as ``picture_of`` with their words, and why others are ``gone``."""
    tells = getattr(links, "tells_what_is_gone", False)
    return {
        "shown": [{**picture_of(links, one["image"]), "words": one["alt"]} for one in gallery if one["image"]],
        "gone": [one["image"] for one in gallery if tells and not one["image"] and one["image"] is not None],
    }


@register.simple_tag
def video_of(links: Any, video: Any) -> dict[str, Any]:
    """Return where a video of the lesson plays (``url``, ``here``: in the player above), and what is said of it."""
    return _place(links, video, _("视频"), _("回到视频 ↑"), _("看视频 ›"))


@register.simple_tag
def audio_of(links: Any, video: Any) -> dict[str, Any]:
    """Return the same of a recording without pictures."""
    return _place(links, video, _("录音"), _("回到录音 ↑"), _("听录音 ›"))


def _place(links: Any, video: Any, kind: str, back: str, go: str) -> dict[str, Any]:
    place: dict[str, Any] = links.video(video)
    about = f"{kind} · {_('在上面播放')}" if place["here"] else kind
    if video.state == "failed":
        about = _("%(kind)s没有处理成功") % {"kind": kind}
    elif video.state != "ready":
        about = _("%(kind)s还在处理") % {"kind": kind}
    return {"step": back if place["here"] else go, "about": about, **place}
