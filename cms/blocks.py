"""The blocks a lesson is made of."""

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock


class LessonBody(blocks.StreamBlock):
    text = blocks.RichTextBlock(label=_("文字"), features=["h2", "h3", "bold", "ol", "ul", "link"])
    picture = ImageChooserBlock(label=_("图片"))
    document = DocumentChooserBlock(label=_("文件"))
