"""The blocks a lesson is made of. A new one is a class here and a template in ``cms/blocks/``.

A block's template gets ``links`` from whoever shows the lesson: an object with ``picture(image)``,
``document(document)`` and ``video(video)`` returning the address to use, because the right to read belongs to the
place where it is read (cms/templatetags/lesson.py).
"""

import threading
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.stream_block import StreamValue
from wagtail.blocks.struct_block import StructBlockValidationError
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock

from media.choosers import KeepsChoice, Unshown, VideoChooserBlock
from quizzes.blocks import QuizChooserBlock

# What reading a form that no editor's page made may raise, in Wagtail's and Draftail's own code.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OverflowError)


class PictureChooserBlock(KeepsChoice, ImageChooserBlock):
    """A picture of the library."""

    gone_words = _("这张图片已不在了")
    refused_words = _("这张图片不存在，或者不归您使用。请另选一张图片。")
    missing_words = _("这里还没有选图片。请选一张，或删掉这一块。")


class PaperChooserBlock(KeepsChoice, DocumentChooserBlock):
    """A document of the library."""

    gone_words = _("这个文件已不在了")
    refused_words = _("这个文件不存在，或者不归您使用。请另选一个文件。")
    missing_words = _("这里还没有选文件。请选一个，或删掉这一块。")


class PictureBlock(blocks.StructBlock):
    """A picture with words for those who cannot see it; a mere decoration may go without, and so may a draft."""

    image = PictureChooserBlock(label=_("图片"))
    alt = blocks.CharBlock(
        label=_("图片说明"), required=False, max_length=200, help_text=_("读给看不见图片的人听：图上有什么、写了什么")
    )
    decorative = blocks.BooleanBlock(label=_("只是装饰，不需要说明"), required=False)

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if not self.is_deferred_validation and not cleaned["alt"].strip() and not cleaned["decorative"]:
            message = ValidationError(_("请写一句图片说明，或勾选“只是装饰”。"))
            raise StructBlockValidationError(block_errors={"alt": message})
        return cleaned

    class Meta:
        icon = "image"
        label = _("图片")
        template = "cms/blocks/picture.html"


# Wagtail marks the blocks themselves while it checks a draft, and all threads share them: a lesson published at the
# same moment would be let through unchecked.
_checking = threading.RLock()


class LessonBody(blocks.StreamBlock):
    """Text, pictures, documents and videos, in the order in which they are studied."""

    text = blocks.RichTextBlock(
        label=_("文字"), features=["h2", "h3", "bold", "ol", "ul", "link"], template="cms/blocks/text.html"
    )
    picture = PictureBlock()
    document = PaperChooserBlock(label=_("文件"), template="cms/blocks/document.html")
    video = VideoChooserBlock(label=_("视频"), template="cms/blocks/video.html")
    quiz = QuizChooserBlock()

    def clean(self, value: Any) -> Any:
        with _checking:
            return super().clean(value)

    def clean_deferred(self, value: Any) -> Any:
        with _checking:
            return super().clean_deferred(value)

    def value_from_datadict(self, data: Any, files: Any, prefix: str) -> Any:
        """Read the posted blocks; a form that no editor's page could have sent is a bad request."""
        try:
            return super().value_from_datadict(data, files, prefix)
        except UNREADABLE as error:
            raise BadRequest(f"unreadable blocks: {error!r}") from error

    def choices_in(self, value: StreamValue) -> dict[str, list[str]]:
        """Return the chosen keys as text by kind of block: ``{"video": ["…"], "picture": ["7"], …}``."""
        found: dict[str, list[str]] = {}
        for child in value:
            key = self.chosen_key(child)
            if key:
                found.setdefault(child.block_type, []).append(key)
        return found

    def chosen_key(self, child: Any) -> str:
        """Return the key chosen in one block as text; empty for none and for a kind of block that has no choice."""
        if not isinstance(child.block, KeepsChoice | PictureBlock):
            return ""
        chosen = child.value["image"] if isinstance(child.block, PictureBlock) else child.value
        return "" if chosen is None or (isinstance(chosen, Unshown) and chosen.refused) else str(chosen.pk)

    def without(self, value: StreamValue, refused: Mapping[str, set[str]]) -> StreamValue:
        """Return the blocks with each refused choice taken out; ``clean`` then says at that block why."""
        children = []
        for child in value:
            shown = child.value
            if self.chosen_key(child) in refused.get(child.block_type, ()):
                if isinstance(child.block, PictureBlock):
                    shown = type(shown)(child.block, {**shown, "image": child.block.child_blocks["image"].refusal()})
                else:
                    shown = child.block.refusal()
            children.append((child.block_type, shown, child.id))
        return StreamValue(self, children)
