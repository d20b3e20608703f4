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
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, InlinePanel, Panel
from wagtail.fields import RichTextField, StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Orderable, Page
from wagtail.search import index

from cms.belonging import Belonging as Belonging  # so that Django knows the table
from cms.blocks import LessonBody
from cms.covers import cover_in_preview
from cms.drawn import DrawnPaper as DrawnPaper  # so that Django knows the table
from cms.finding import words_beside
from cms.forms import WINDOW, CopyCourseForm, CopyLessonForm, CopyPathForm, CoursePageForm, LessonPageForm, PathPageForm
from cms.material import Material as Material  # so that Django knows the table
from cms.moving import file_to_show
from cms.panels import ChecklistPanel
from cms.permissions import CourseTester, ShelfTester
from cms.review import SubtreeReview as SubtreeReview  # so that Django knows the table
from organizations.models import Node
from packages.sentences import previewed as previewed_package
from quizzes.sentences import previewed

# Wagtail's own panel writes the address beside the name; these pages show none.
LONGEST_CATEGORY = 12
LONGEST_AIM, LONGEST_SECTION = 300, 20
NAME = FieldPanel("title", classname="title", heading=_("名称"))


def cover_field(help_text: Any) -> models.ForeignKey[Any, Any]:
    """The picture of a course or a path: what is deleted beside the library's pages leaves the cover that is drawn."""
    return models.ForeignKey(
        get_image_model_string(),
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("封面"),
        help_text=help_text,
    )


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

    def pages(self, document: Any) -> tuple[str, None]:
        """An editor opens the file itself."""
        return "", None

    def video(self, video: Any) -> dict[str, Any]:
        return {"here": False, "url": "#"}

    def quiz(self, quiz: Any) -> Any:
        return previewed(quiz, url=reverse("quizzes_quiz_preview", args=[quiz.pk]))

    def package(self, package: Any) -> Any:
        return previewed_package(package, url=reverse("packages_preview", args=[package.pk]))


class CourseIndexPage(MemberPage):
    """The shelf under which courses and learning paths lie."""

    preview_modes: list[tuple[str, str]] = []
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["cms.CoursePage", "cms.PathPage"]
    max_count = 1

    def permissions_for_user(self, user: Any) -> ShelfTester:
        return ShelfTester(user, self)

    class Meta:
        verbose_name = _("课程目录")


class CoursePage(MemberPage):
    """A course; its lessons are its children, in order."""

    intro = RichTextField(_("课程介绍"), blank=True, features=["bold", "ol", "ul", "link"])
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", verbose_name=_("所属组织"))
    cover = cover_field(_("课程列表里看到的图片，宽和高按 16:9 最好；不选的，用课程名称做成封面。"))
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


class PathPage(MemberPage):
    """A learning path (学习路径): courses in the order in which they are best studied. What is done of it is what the
    courses' own records say (ADR 80)."""

    aim = models.TextField(
        _("为什么学、给谁学"),
        max_length=LONGEST_AIM,
        blank=True,
        help_text=_("一两句话，最多 300 个字，例如“新入党的同志，半年内把这几门学完”。"),
    )
    node = models.ForeignKey(
        Node,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("所属组织"),
        help_text=_("这里和下级的党员看得到，至少有一门课程安排给了他们才出现。"),
    )
    cover = cover_field(_("宽和高按 16:9 最好；不选的，用名称做成封面。"))
    in_order = models.BooleanField(
        _("一门学完再学下一门"),
        default=False,
        db_default=False,
        help_text=_("勾上的，在这条路径里，前面的必修课没学完，后面的先不打开；学过的、前面那门学不了的不挡人。"),
    )

    base_form_class = PathPageForm
    copy_form_class = CopyPathForm
    preview_template = "cms/path_preview.html"
    content_panels = [
        ChecklistPanel(),
        NAME,
        FieldPanel("aim"),
        FieldPanel("node"),
        FieldPanel("cover"),
        FieldPanel("in_order"),
        InlinePanel(
            "steps",
            heading=_("步骤"),
            label=_("步骤"),
            help_text=_("一步是一门课程，从上到下就是学的顺序；可以拖动，也可以用箭头调整。怎样算学完，由课程自己定。"),
        ),
    ]
    search_fields = [*Page.search_fields, index.SearchField("aim"), index.FilterField("node_id")]
    parent_page_types = ["cms.CourseIndexPage"]
    subpage_types: list[str] = []

    def permissions_for_user(self, user: Any) -> CourseTester:
        # A draft may name another organisation; the right follows what is stored.
        node = Node.objects.filter(pk__in=PathPage.objects.filter(pk=self.pk).values("node_id")).first()
        return CourseTester(user, self, node)

    def preview_context(self) -> dict[str, Any]:
        return {"steps": [one for one in self.steps.all() if one.course], "cover": cover_in_preview(self)}

    class Meta:
        verbose_name = _("学习路径")


class PathStep(Orderable):
    """One course of a learning path. A course that is deleted leaves its place empty, which its author is told."""

    path = ParentalKey(PathPage, on_delete=models.CASCADE, related_name="steps")
    section = models.CharField(
        _("从这一步起的小标题"),
        max_length=LONGEST_SECTION,
        blank=True,
        help_text=_("例如“第一周”，最多 20 个字。不分段就不用写。"),
    )
    course = models.ForeignKey(
        CoursePage, on_delete=models.SET_NULL, related_name="path_steps", null=True, verbose_name=_("课程")
    )
    is_optional = models.BooleanField(
        _("选修"), default=False, db_default=False, help_text=_("勾上的，学不学都行：不算进这条路径要学的步数。")
    )

    panels = [FieldPanel("course"), FieldPanel("section"), FieldPanel("is_optional")]

    class Meta(Orderable.Meta):
        verbose_name = _("步骤")
        verbose_name_plural = _("步骤")

    def __str__(self) -> str:
        return f"{self.path_id}: {self.course_id}"
