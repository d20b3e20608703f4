"""What there is to study and read. No learner in here."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page
from wagtail.search import index

from cms.blocks import LessonBody
from organizations.models import Node


class CourseIndexPage(Page):
    """The shelf under which courses lie."""

    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["cms.CoursePage"]
    max_count = 1

    class Meta:
        verbose_name = _("课程目录")


class CoursePage(Page):
    """A course; its lessons are its children, in order."""

    intro = RichTextField(_("课程介绍"), blank=True, features=["bold", "ol", "ul", "link"])
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("所属组织"))
    seek_ahead = models.BooleanField(_("允许跳着看"), default=True)

    content_panels = [*Page.content_panels, FieldPanel("node"), FieldPanel("intro"), FieldPanel("seek_ahead")]
    search_fields = [*Page.search_fields, index.SearchField("intro")]
    parent_page_types = ["cms.CourseIndexPage"]
    subpage_types = ["cms.LessonPage"]

    class Meta:
        verbose_name = _("课程")


class LessonPage(Page):
    """One lesson: text, pictures, documents and videos."""

    body = StreamField(LessonBody(), verbose_name=_("内容"), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("body")]
    search_fields = [*Page.search_fields, index.SearchField("body")]
    parent_page_types = ["cms.CoursePage"]
    subpage_types: list[str] = []

    class Meta:
        verbose_name = _("课")
