"""How each kind of block stands in the file: as it is stored, with a name in the place of each key of this site.

The same rules write and read, so what they let through comes back as it went. A block of a kind without a rule is
refused here, and by a test before anybody meets it.
"""

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from wagtail import blocks
from wagtail.admin.rich_text.converters.contentstate import ContentstateConverter

from attendance.core.text import storable
from cms.blocks import MOST_PICTURES, UNREADABLE, LessonBody
from cms.core.lesson import held_in
from media.choosers import KeepsChoice

LONGEST_TEXT = 200_000
MOST_TAGS = 3000  # reading them takes the longer, the deeper they stand in each other
Choose = Callable[[str, Any], Any]
"""Takes what kind of thing a block holds and what stands there (never empty), returns what is to stand there."""


class UnfitBlock(Exception):
    """A block cannot stand in a lesson; the message says why, for people."""


def carried(block: blocks.Block, value: Any, *, kind: str, choose: Choose) -> Any:
    """Return a block's raw value with what it holds exchanged by ``choose``; None is nothing yet. Raises UnfitBlock."""
    if isinstance(block, KeepsChoice):
        return choose(kind, value) if value else None
    if isinstance(block, blocks.RichTextBlock):
        return rich_text("" if value is None else value, block.features)
    if isinstance(block, blocks.StructBlock):
        return _struct(block, value, kind, choose)
    if isinstance(block, blocks.ListBlock):
        if not isinstance(value, list) or len(value) > MOST_PICTURES:
            raise UnfitBlock(_("里面的项目太多，或者写法不对"))
        return [
            {"type": "item", "value": carried(block.child_block, _item(one), kind=kind, choose=choose)} for one in value
        ]
    return _plain(block, value)


def _struct(block: blocks.StructBlock, value: Any, kind: str, choose: Choose) -> dict[str, Any]:
    if not isinstance(value, dict) or not value.keys() <= block.child_blocks.keys():
        raise UnfitBlock(_("写法不对"))
    parts = block.child_blocks.items()
    return {name: carried(part, value.get(name), kind=kind, choose=choose) for name, part in parts}


def _item(one: Any) -> Any:
    return one.get("value") if isinstance(one, dict) and one.get("type") == "item" else one


def _plain(block: blocks.Block, value: Any) -> Any:
    if isinstance(block, blocks.BooleanBlock):
        if value is not None and not isinstance(value, bool):
            raise UnfitBlock(_("写法不对"))
        return bool(value)
    if not isinstance(block, (blocks.CharBlock, blocks.ChoiceBlock)):
        raise UnfitBlock(_("没有导出这种内容的办法"))
    if value is not None and not (isinstance(value, str) and storable(value) == value):
        raise UnfitBlock(_("写法不对"))
    return value or ""


def rich_text(html: Any, features: list[str] | None) -> str:
    """Return a rich text of nothing but what its editor can write, without links to pages of this site.

    Raises UnfitBlock.
    """
    if not isinstance(html, str) or len(html) > LONGEST_TEXT or storable(html) != html or html.count("<") > MOST_TAGS:
        raise UnfitBlock(_("文字太长，或者写法不对"))
    if not html.strip():
        return ""
    try:
        converter = ContentstateConverter(features)
        state = json.loads(converter.from_database_format(html))
        inner = {key for key, one in state["entityMap"].items() if one["type"] == "LINK" and "url" not in one["data"]}
        for part in state["blocks"]:
            part["entityRanges"] = [one for one in part["entityRanges"] if str(one["key"]) not in inner]
        return str(converter.to_database_format(json.dumps(state)))
    except (*UNREADABLE, AssertionError, RecursionError) as error:
        raise UnfitBlock(_("文字太长，或者写法不对")) from error


def carried_body(body: list[Any], *, choose: Choose, refuse: Callable[[int, str, str], None]) -> list[dict[str, Any]]:
    """Return a lesson's raw blocks with what they hold exchanged; ``refuse(number, label, why)`` hears what is unfit.

    Numbers begin with 1.
    """
    stream, found = LessonBody(), []
    for number, one in enumerate(body, 1):
        name = one.get("type") if isinstance(one, dict) else None
        block = stream.child_blocks.get(name) if isinstance(name, str) else None
        if block is None or not isinstance(name, str):
            refuse(number, str(name)[:40], _("本站不认识这种内容"))
            continue
        try:
            raw = {"type": name, "value": carried(block, one.get("value"), kind=held_in(name), choose=choose)}
        except UnfitBlock as error:
            refuse(number, str(block.label), str(error))
        else:
            found.append(raw)
    return found


def refuse_unfit(body: list[dict[str, Any]], refuse: Callable[[int, str, str], None]) -> None:
    """Say of blocks that name nothing yet what not even a draft may hold: what is too long, or no choice."""
    stream = LessonBody()
    for number, one in enumerate(body, 1):
        try:
            stream.clean_deferred(stream.to_python([one]))
        except ValidationError:
            refuse(number, str(stream.child_blocks[one["type"]].label), _("写得太长，或者选了没有的选项"))
