"""The blocks a lesson is made of. A new one is a class here and a template in ``cms/blocks/``.

A block's template gets ``links`` from whoever shows the lesson: an object with ``picture(image)``,
``document(document)`` and ``video(video)`` returning the address to use, because the right to read belongs to the
place where it is read (cms/templatetags/lesson.py).
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import StructBlockValidationError
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock

from media.choosers import VideoChooserBlock


class PictureBlock(blocks.StructBlock):
    """A picture with words for those who cannot see it; a mere decoration may go without."""

    image = ImageChooserBlock(label=_("图片"))
    alt = blocks.CharBlock(
        label=_("图片说明"), required=False, max_length=200, help_text=_("读给看不见图片的人听：图上有什么、写了什么")
    )
    decorative = blocks.BooleanBlock(label=_("只是装饰，不需要说明"), required=False)

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if not cleaned["alt"].strip() and not cleaned["decorative"]:
            message = ValidationError(_("请写一句图片说明，或勾选“只是装饰”。"))
            raise StructBlockValidationError(block_errors={"alt": message})
        return cleaned

    class Meta:
        icon = "image"
        label = _("图片")
        template = "cms/blocks/picture.html"


class LessonBody(blocks.StreamBlock):
    """Text, pictures, documents and videos, in the order in which they are studied."""

    text = blocks.RichTextBlock(
        label=_("文字"), features=["h2", "h3", "bold", "ol", "ul", "link"], template="cms/blocks/text.html"
    )
    picture = PictureBlock()
    document = DocumentChooserBlock(label=_("文件"), template="cms/blocks/document.html")
    video = VideoChooserBlock(label=_("视频"), template="cms/blocks/video.html")
