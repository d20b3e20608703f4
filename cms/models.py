"""What there is to study and read. No learner in here.

A published page has no public face of its own: members read it through an occasion (the courses app), so serving one
directly answers 404 unless an app above shows the way. Organisers see drafts in the preview, which is behind the
admin's own rights.
"""

from typing import Any

from django import forms
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, Panel
from wagtail.fields import RichTextField, StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Page
from wagtail.search import index

from cms.belonging import Belonging as Belonging  # so that Django knows the table
from cms.blocks import LessonBody
from cms.covers import cover_in_preview
from cms.finding import words_beside
from cms.forms import WINDOW, CopyCourseForm, CopyLessonForm, CoursePageForm, LessonPageForm
from cms.material import Material as Material  # so that Django knows the table
from cms.moving import file_to_show
from cms.panels import ChecklistPanel
from cms.permissions import CourseTester, ShelfTester
from cms.review import SubtreeReview as SubtreeReview  # so that Django knows the table
from organizations.models import Node
from quizzes.sentences import previewed

# Wagtail's own panel writes the address beside the name; these pages show none.
LONGEST_CATEGORY = 12
NAME = FieldPanel("title", classname="title", heading=_("名称"))


class MemberPage(Page):
    """A page that only a right opens: never public, previewed by its editors."""

    preview_template = ""
    editor_window = ""

    def serializable_data(self) -> dict[str, Any]:
        """As Wagtail stores a version, with the opened page of the editor that it came from (cms/editing.py)."""
        data: dict[str, Any] = super().serializable_data()
        return {**data, WINDOW: self.editor_window} if self.editor_window else data

    def get_url_parts(self, *args: Any, **kwargs: Any) -> None:
        """Say that there is no public address, so that the editor offers no button that leads nowhere."""
        return

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer 404: the way to read a course is an occasion on whose roster one is."""
        raise Http404

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """Show the page as members will see it, without anybody's progress."""
        context = {"page": self, "links": PreviewLinks(), **self.preview_context()}
        return TemplateResponse(request, self.preview_template, context)

    def preview_context(self) -> dict[str, Any]:
        return {}

    promote_panels: list[Panel] = []

    class Meta:
        abstract = True


class PreviewLinks:
    """Addresses inside a preview: those of the admin, which ask for the editor's right."""

    # An author is told of a choice that is gone; for members it is simply not there.
    tells_what_is_gone = True

    def picture(self, image: Any) -> str:
        return str(file_to_show(image).url)

    def document(self, document: Any) -> str:
        return str(document.url)

    def video(self, video: Any) -> dict[str, Any]:
        return {"here": False, "url": "#"}

    def quiz(self, quiz: Any) -> Any:
        return previewed(quiz, url=reverse("quizzes_quiz_preview", args=[quiz.pk]))


class CourseIndexPage(MemberPage):
    """The shelf under which courses lie."""

    preview_modes: list[tuple[str, str]] = []
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["cms.CoursePage"]
    max_count = 1

    def permissions_for_user(self, user: Any) -> ShelfTester:
        return ShelfTester(user, self)

    class Meta:
        verbose_name = _("课程目录")


class CoursePage(MemberPage):
    """A course; its lessons are its children, in order."""

    intro = RichTextField(_("课程介绍"), blank=True, features=["bold", "ol", "ul", "link"])
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("所属组织"))
    # What is deleted beside the library's pages leaves the course with the cover that is drawn.
    cover = models.ForeignKey(
        get_image_model_string(),
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("封面"),
        help_text=_("课程列表里看到的图片，宽和高按 16:9 最好；不选的，用课程名称做成封面。"),
    )
    seek_ahead = models.BooleanField(
        _("允许跳着看"), default=True, help_text=_("跳过的部分任何时候都不计入；关闭后，没看过的部分不能往前拖。")
    )
    category = models.CharField(
        _("类别"),
        max_length=LONGEST_CATEGORY,
        blank=True,
        default="",
        db_default="",
        help_text=_("例如“安全”“党史”，最多 12 个字；党员的课程页可以按它看。不写也行。"),
    )
    requires = ParentalManyToManyField(
        "self",
        symmetrical=False,
        related_name="required_by",
        blank=True,
        verbose_name=_("要先学完的课程"),
        help_text=_("也安排给了这个人、还能学的才要求先学；撤下的、没有安排的、过了期限的不挡人。"),
    )

    has_discussion = models.BooleanField(
        _("开放讨论"),
        default=True,
        db_default=True,
        help_text=_("党员可以在每一讲下面提问、留言，您看过以后大家才看得到。关闭以后不能再写。"),
    )

    base_form_class = CoursePageForm
    copy_form_class = CopyCourseForm
    preview_template = "cms/course_preview.html"
    content_panels = [
        ChecklistPanel(),
        NAME,
        FieldPanel("node"),
        FieldPanel("cover"),
        FieldPanel("intro"),
        FieldPanel("seek_ahead"),
        FieldPanel("category"),
        FieldPanel("requires", widget=forms.CheckboxSelectMultiple),
        FieldPanel("has_discussion"),
    ]
    search_fields = [*Page.search_fields, index.SearchField("intro"), index.FilterField("node_id")]
    parent_page_types = ["cms.CourseIndexPage"]
    subpage_types = ["cms.LessonPage"]

    def permissions_for_user(self, user: Any) -> CourseTester:
        # A draft may name another organisation; the right follows what is stored.
        node = Node.objects.filter(pk=CoursePage.objects.filter(pk=self.pk).values("node_id")[:1]).first()
        return CourseTester(user, self, node)

    def preview_context(self) -> dict[str, Any]:
        return {
            "lessons": LessonPage.objects.child_of(self).live() if self.pk else [],
            "cover": cover_in_preview(self),
        }

    class Meta:
        verbose_name = _("课程")


class LessonPage(MemberPage):
    """One lesson: text, pictures, documents and videos."""

    body = StreamField(LessonBody(), verbose_name=_("内容"), blank=True)
    is_optional = models.BooleanField(
        _("选修"),
        default=False,
        db_default=False,
        help_text=_("勾上的，学不学都行：不算进这门课要学的时间，里面的练习也不要求。"),
    )
    asks_quiz = models.BooleanField(
        _("通过练习才算学完"),
        default=False,
        db_default=False,
        help_text=_("勾上的，这一讲学够时间，并且通过里面的练习，才算学完。及格线在练习里定。"),
    )

    base_form_class = LessonPageForm
    copy_form_class = CopyLessonForm
    preview_template = "cms/lesson_preview.html"
    content_panels = [ChecklistPanel(), NAME, FieldPanel("body"), FieldPanel("is_optional"), FieldPanel("asks_quiz")]
    search_fields = [*Page.search_fields, index.SearchField("body"), index.SearchField("words_beside")]
    parent_page_types = ["cms.CoursePage"]
    subpage_types: list[str] = []

    def words_beside(self) -> str:
        """Return what is found of a lesson besides its own text: its documents' titles, what its videos say."""
        return words_beside(self)

    def permissions_for_user(self, user: Any) -> CourseTester:
        node = Node.objects.filter(pk__in=CoursePage.objects.ancestor_of(self).values("node_id")).first()
        return CourseTester(user, self, node)

    class Meta:
        verbose_name = _("课")
