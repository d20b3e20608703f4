"""Addresses inside a lesson: they come from whoever shows it, because the right to read belongs to that place."""

from typing import Any

from django import template

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
    """Return where a video of the lesson plays, and whether that is the player above."""
    place: dict[str, Any] = links.video(video)
    return place
