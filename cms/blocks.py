"""The blocks a lesson is made of. A new one is a class here and a template in ``cms/blocks/``.

A block's template gets ``links`` from whoever shows the lesson: an object with ``picture(image)``,
``document(document)`` and ``video(video)`` returning the address to use, because the right to read belongs to the
place where it is read (cms/templatetags/lesson.py).

What an author sees in the list of blocks is ``description``, and an example: ``preview_value``, or the
``preview_template`` of those that show something of the library.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Set
from html import unescape
from typing import Any

from django.core.exceptions import BadRequest, ValidationError
from django.utils.functional import cached_property
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.list_block import ListBlockValidationError, ListValue
from wagtail.blocks.stream_block import StreamBlockValidationError, StreamValue
from wagtail.blocks.struct_block import StructBlockValidationError
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock

from cms.core.lesson import VIDEO, held_in
from cms.core.links import host_of
from cms.core.moments import ASKS
from media.choosers import KeepsChoice, RecordingChooser, Unshown, VideoChooserBlock
from media.core.clock import clock
from packages.blocks import PackageChooserBlock
from quizzes.blocks import QuestionChooserBlock, QuizChooserBlock
from quizzes.core.asked import moment_ms

# What reading a form that no editor's page made may raise, in Wagtail's and Draftail's own code.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OverflowError)
EXAMPLE = "cms/blocks/example.html"
PICTURE_IN_TEXT = re.compile(r"<(img|embed)\b")
FEWEST_PICTURES, MOST_PICTURES = 2, 30


def says_something(html: str) -> bool:
    """Say whether there is a word or a picture in a rich text."""
    return bool(PICTURE_IN_TEXT.search(html) or unescape(strip_tags(html)).strip())


class TextBlock(blocks.RichTextBlock):
    """What is read."""

    @cached_property
    def field(self) -> Any:
        field = super().field
        field.error_messages["required"] = _("这里还没有写字。请写上，或删掉这一块。")
        return field

    def clean(self, value: Any) -> Any:
        """As Wagtail does, to which a paragraph without a word is some text."""
        cleaned = super().clean(value)
        if not self.is_deferred_validation and not says_something(cleaned.source):
            raise ValidationError(self.field.error_messages["required"])
        return cleaned

    class Meta:
        icon = "pilcrow"
        label = _("文字")
        description = _("标题、段落、列表和链接")
        template = "cms/blocks/text.html"
        preview_value = "<h2>先看路，再出门</h2><p>下雨的时候，<b>不走低洼的路</b>，不靠近河边。</p>"


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

    class Meta:
        icon = "doc-full"
        label = _("文件")
        description = _("PDF、Word、表格等，党员点开就看")
        template = "cms/blocks/document.html"
        preview_template = EXAMPLE


class VideoBlock(VideoChooserBlock):
    """A video of the library."""

    class Meta:
        icon = "media"
        label = _("视频")
        description = _("在“视频”里上传好的一个视频，看的时间计入学习")
        template = "cms/blocks/video.html"
        preview_template = EXAMPLE


class AudioBlock(VideoChooserBlock):
    """A recording without pictures. It lies among the videos, plays in the same player and counts as they do."""

    widget = RecordingChooser()
    gone_words = _("这段录音已不在了")
    refused_words = _("这段录音不存在，或者不归您使用。请另选一段。")
    missing_words = _("这里还没有选录音。请选一段，或删掉这一块。")

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if not self.is_deferred_validation and cleaned and cleaned.has_picture:
            raise ValidationError(_("选的是视频，不是录音。请另选一段，或者改用“视频”这一块。"))
        return cleaned

    class Meta:
        icon = "media"
        label = _("录音")
        description = _("在“视频”里上传好的一段录音，听的时间计入学习")
        template = "cms/blocks/audio.html"
        preview_template = EXAMPLE


class PartsBlock(blocks.StructBlock):
    """A block of several parts, all of whose mistakes are said at once; a draft may have them."""

    def clean(self, value: Any) -> Any:
        faults: dict[str, ValidationError] = {}
        cleaned = value
        try:
            cleaned = super().clean(value)
        except StructBlockValidationError as error:
            faults |= error.block_errors
        if not self.is_deferred_validation:
            faults = {**self.lacking(value), **faults}
        if faults:
            in_order = {name: faults[name] for name in self.child_blocks if name in faults}
            raise StructBlockValidationError(block_errors=in_order)
        return cleaned

    def lacking(self, value: Any) -> dict[str, ValidationError]:
        """Return what publishing asks beyond what each part asks for itself, by the name of the part."""
        raise NotImplementedError


class PictureBlock(PartsBlock):
    """A picture with words for those who cannot see it; a mere decoration may go without, and so may a draft."""

    image = PictureChooserBlock(label=_("图片"))
    alt = blocks.CharBlock(
        label=_("图片说明"), required=False, max_length=200, help_text=_("读给看不见图片的人听：图上有什么、写了什么")
    )
    decorative = blocks.BooleanBlock(label=_("只是装饰，不需要说明"), required=False)

    def lacking(self, value: Any) -> dict[str, ValidationError]:
        if (value.get("alt") or "").strip() or value.get("decorative"):
            return {}
        return {"alt": ValidationError(_("请写一句图片说明，或勾选“只是装饰”。"))}

    class Meta:
        icon = "image"
        label = _("图片")
        label_format = "{alt}"  # Wagtail's own would be the last part that it can read: "否", of a box
        description = _("一张图片，配一句说明")
        template = "cms/blocks/picture.html"
        preview_template = EXAMPLE


class GalleryPictureBlock(PartsBlock):
    """One picture of several, with the words that stand below it and are read to those who cannot see it."""

    image = PictureChooserBlock(label=_("图片"))
    alt = blocks.CharBlock(
        label=_("图片下面的话"), required=False, max_length=200, help_text=_("写在图片下面，也读给看不见图片的人听")
    )

    def lacking(self, value: Any) -> dict[str, ValidationError]:
        if (value.get("alt") or "").strip():
            return {}
        return {"alt": ValidationError(_("请给这张图片写一句话。"))}

    class Meta:
        icon = "image"
        label = _("图片")


class GalleryBlock(blocks.ListBlock):
    """Several pictures beside one another, leafed through with a finger; no script."""

    def clean(self, value: Any) -> Any:
        """As Wagtail does, which says the limits in words that are not ours."""
        cleaned = super().clean(value)
        if not self.is_deferred_validation and len(cleaned) < FEWEST_PICTURES:
            words = _("组图至少要有 2 张图片。再加一张，或者改用“图片”这一块。")
            raise ListBlockValidationError(non_block_errors=[ValidationError(words)])
        if len(cleaned) > MOST_PICTURES:
            words = _("组图最多放 30 张图片。请删掉几张，或者分成两组。")
            raise ListBlockValidationError(non_block_errors=[ValidationError(words)])
        return cleaned

    class Meta:
        icon = "grid"
        label = _("组图")
        description = _("几张图片，左右滑动着看")
        template = "cms/blocks/gallery.html"
        preview_template = EXAMPLE


class CalloutBlock(blocks.StructBlock):
    """A few words that stand out: what to mind, what matters, an example."""

    kind = blocks.ChoiceBlock(
        label=_("类型"), choices=[("mind", _("注意")), ("point", _("要点")), ("example", _("例子"))], default="mind"
    )
    text = TextBlock(features=["bold", "ol", "ul", "link"])

    def get_context(self, value: Any, parent_context: Any = None) -> Any:
        kinds = dict(self.child_blocks["kind"].field.choices)
        return {**super().get_context(value, parent_context), "kind_said": kinds.get(value.get("kind"), "")}

    class Meta:
        icon = "warning"
        label = _("提示")
        description = _("单独框出来的几句话：注意、要点、例子")
        template = "cms/blocks/callout.html"
        preview_value = {"kind": "mind", "text": "<p>过桥以前先看水位，水漫过桥面就不要过。</p>"}


class LinkValue(blocks.StructValue):
    """A link out of the site."""

    @property
    def host(self) -> str:
        """Where it leads; empty as long as it is no address to which we would send anybody."""
        return host_of(self.get("url") or "")


class LinkBlock(PartsBlock):
    """A link that leaves the site, and says so. A draft may hold an address that is not finished."""

    title = blocks.CharBlock(label=_("名称"), max_length=80, help_text=_("点开能看到什么"))
    url = blocks.CharBlock(label=_("网址"), max_length=500, help_text=_("以 https:// 开头"))

    def lacking(self, value: Any) -> dict[str, ValidationError]:
        if value.host:
            return {}
        return {"url": ValidationError(_("请写完整的网址，以 https:// 开头，例如 https://www.12371.cn。"))}

    class Meta:
        icon = "link-external"
        label = _("外部链接")
        description = _("别的网站的一个网页，会写明离开本站")
        template = "cms/blocks/link.html"
        value_class = LinkValue
        preview_value = {"title": "怎样拨打 119", "url": "https://www.119.gov.cn/"}


class AsksBlock(PartsBlock):
    """A question that the nearest video (or recording) above asks at a moment; members meet it in the player alone."""

    at = blocks.CharBlock(
        label=_("放到什么时候问"), max_length=8, help_text=_("分:秒，例如 02:30；问的是上面最近的那个视频")
    )
    question = QuestionChooserBlock(label=_("题目"))
    must = blocks.BooleanBlock(
        label=_("答了才能接着放"), required=False, help_text=_("不勾的话可以跳过；答对答错都不影响学习结果")
    )

    def lacking(self, value: Any) -> dict[str, ValidationError]:
        if moment_ms(value.get("at") or "") is not None:
            return {}
        return {"at": ValidationError(_("请按“分:秒”写，例如 02:30。"))}

    class Meta:
        icon = "help"
        label = _("视频中的提问")
        label_format = "{at}"
        description = _("视频放到某一刻停下来问一道题，答完接着放")
        template = "cms/blocks/asks.html"
        preview_template = EXAMPLE


def asked_after_the_end(body: StreamValue) -> dict[int, ValidationError]:
    """Return what is wrong with the questions that a video is too short to ask, by the number of their block.

    Of a video whose length is not known yet nothing is said.
    """
    faults: dict[int, ValidationError] = {}
    video: Any = None
    for number, block in enumerate(body):
        if held_in(block.block_type) == VIDEO:
            video = block.value
        length = getattr(video, "duration_ms", None)
        if block.block_type != ASKS or length is None:
            continue
        at = moment_ms(block.value.get("at") or "")
        if at is not None and at >= length:
            words = _("“%(title)s”只有 %(all)s，到不了这里，不会问。请改时间。")
            said = ValidationError(words % {"title": video.title, "all": clock(length)})
            faults[number] = StructBlockValidationError(block_errors={"at": said})
    return faults


# Wagtail marks the blocks themselves while it checks a draft, and all threads share them: a lesson published at the
# same moment would be let through unchecked.
_checking = threading.RLock()


class LessonBody(blocks.StreamBlock):
    """Words, pictures, recordings, documents and links, in the order in which they are studied."""

    text = TextBlock(features=["h2", "h3", "bold", "ol", "ul", "link"])
    callout = CalloutBlock()
    picture = PictureBlock()
    gallery = GalleryBlock(GalleryPictureBlock())
    video = VideoBlock()
    audio = AudioBlock()
    asks = AsksBlock()
    document = PaperChooserBlock()
    quiz = QuizChooserBlock()
    package = PackageChooserBlock()
    link = LinkBlock()

    def clean(self, value: Any) -> Any:
        """As Wagtail does; what publishing asks of several blocks together is said at the one that is wrong."""
        with _checking:
            late = {} if self.is_deferred_validation else asked_after_the_end(value)
            try:
                cleaned = super().clean(value)
            except StreamBlockValidationError as error:
                faults = {**late, **error.block_errors}
                raise StreamBlockValidationError(faults, error.non_block_errors) from error
            if late:
                raise StreamBlockValidationError(late)
            return cleaned

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
        """Return the chosen keys as text by what they are keys of: ``{"video": ["…"], "picture": ["7"], …}``."""
        found: dict[str, list[str]] = {}
        for child in value:
            if keys := list(_chosen_in(child.block, child.value)):
                found.setdefault(held_in(child.block_type), []).extend(keys)
        return found

    def without(self, value: StreamValue, refused: Mapping[str, set[str]]) -> StreamValue:
        """Return the blocks with each refused choice taken out; ``clean`` then says at that block why."""
        children = [
            (
                child.block_type,
                _without(child.block, child.value, refused.get(held_in(child.block_type), set())),
                child.id,
            )
            for child in value
        ]
        return StreamValue(self, children)


def _chosen_in(block: blocks.Block, value: Any) -> Iterator[str]:
    """Give the keys chosen in a block and in what it is made of; nothing for a kind of block that has no choice."""
    if isinstance(block, KeepsChoice):
        if value is not None and not (isinstance(value, Unshown) and value.refused):
            yield str(value.pk)
    elif isinstance(block, blocks.StructBlock):
        for name, part in block.child_blocks.items():
            yield from _chosen_in(part, value.get(name))
    elif isinstance(block, blocks.ListBlock):
        for item in value:
            yield from _chosen_in(block.child_block, item)


def _without(block: Any, value: Any, refused: Set[str]) -> Any:
    """Return the block's value with each choice among the refused keys taken out."""
    if not refused or refused.isdisjoint(_chosen_in(block, value)):
        return value
    if isinstance(block, KeepsChoice):
        return block.refusal()
    if isinstance(block, blocks.ListBlock):
        items = [(bound, _without(block.child_block, bound.value, refused)) for bound in value.bound_blocks]
        kept = [ListValue.ListChild(block.child_block, item, id=bound.id) for bound, item in items]
        return ListValue(block, bound_blocks=kept)
    parts = {name: _without(part, value.get(name), refused) for name, part in block.child_blocks.items()}
    return type(value)(block, parts)
