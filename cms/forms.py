"""Forms of the back office: what an author writes is kept, what it may hold is asked, what is missing has a name.

ADR 20: a draft may lack what is only needed by those who read it; publishing asks for all of it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.exceptions import BadRequest, ValidationError
from django.core.validators import MaxLengthValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.admin.forms.pages import CopyForm
from wagtail.blocks.stream_block import StreamBlockValidationError, StreamValue
from wagtail.coreutils import find_available_slug

from attendance.core.text import as_it_reads
from cms.blocks import UNREADABLE, LessonBody
from cms.choices import PICTURE, may_use
from cms.permissions import editable_nodes
from cms.review import REJECT
from organizations.models import Node
from organizations.unit_choice import ORGANISE, UnitChoice, choose_unit

WINDOW = "editor_window"
"""Under this name a version says which opened page of the editor stored it (frontend/src/editor)."""

NO_TITLE = _("请写上名称。")
STEP = re.compile(r"steps-\d+-course")
LONGEST_KEY = 19
LONGEST_SLUG = 240  # with room for the number of a copy


class MemberPageForm(WagtailAdminPageForm):
    """A course or a lesson in the editor.

    ``saved_meanwhile`` on the instance (cms/editing.py) is the revision that somebody else stored since this form was
    opened: then the form is not valid once, and says so; sent again it is.
    """

    # A name like SHELF_TITLE, not a word of the page: it is stored, and read in every language.
    untitled = "未命名"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Stored with the version itself, so that it is there as soon as the version is.
        self.instance.editor_window = str(self.data.get("editor_window", ""))[:64]
        title = self.fields.get("title")
        if title is not None:
            title.error_messages["required"] = NO_TITLE
            title.widget.attrs["placeholder"] = _("名称")
        if self.data.get("action-workflow-action") and self.data.get("workflow-action-name") == REJECT:
            self.defer_required_fields()  # what is sent back may lack anything

    def defer_required_fields(self) -> None:
        """Let a draft be saved before it has a name: what is typed first is often the text."""
        super().defer_required_fields()
        if "title" in self.fields and self.fields["title"].required:
            self.fields["title"].required = False
            self.deferred_required_fields.append("title")

    @classmethod
    def fault_in(cls, title: str) -> Any:
        """Return why a page of this name cannot be published, in a sentence; empty where it can."""
        if not title.strip():
            return NO_TITLE
        return _("发布以前请换一个名称。") if title.strip() == cls.untitled else ""

    def clean_title(self) -> str:
        title = str(self.cleaned_data["title"]).strip()
        if self.is_deferred_validation:
            return title or self.untitled
        if fault := self.fault_in(title):
            raise ValidationError(fault)
        return title

    def clean(self) -> Any:
        cleaned = super().clean()
        newer = getattr(self.instance, "saved_meanwhile", None)
        if newer is not None:
            self.add_error(None, _saved_by(newer, reader=self.for_user))
        # Beside a sentence about the whole form Wagtail lists the sum of a field's errors, which is not for people.
        for errors in self.errors.values():
            _in_words(errors)
        return cleaned

    def _widget_data_value(self, widget: Any, html_name: str) -> Any:
        """Read one field of the post. A value that no editor's page could have sent is a bad request, not an error."""
        try:
            return super()._widget_data_value(widget, html_name)
        except UNREADABLE as error:
            raise BadRequest(f"unreadable {html_name}: {error!r}") from error


def _in_words(errors: Any) -> None:
    """Replace what Wagtail calls the errors inside blocks, which it shows at their blocks."""
    for error in errors.as_data():
        if isinstance(error, StreamBlockValidationError):
            error.message = _("里面有几处要改，见下面的说明。")


def _saved_by(revision: Any, *, reader: Any) -> ValidationError:
    own = revision.user is None or revision.user == reader
    name = _("您在另一个窗口里") if own else revision.user.name
    return ValidationError(
        _(
            "您打开这一页以后，%(name)s又保存过一次。您写的都还在下面：请先在“历史”里看看新的版本；再保存一次，就以您的为准。"
        ),
        params={"name": name},
    )


class CopyPageForm(CopyForm):
    """Copies a page for good: what follows another page would change past every question, for whoever studies it.

    Its address is nobody's to choose: members see none.
    """

    taken_off: tuple[str, ...] = ("alias",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.taken_off:
            self.fields.pop(name, None)
        # Wagtail's form asks no length, and only PostgreSQL refuses what is too long for its column.
        most = self.page._meta.get_field("title").max_length  # noqa: SLF001 - Django names it so
        title = self.fields["new_title"]
        title.validators.append(MaxLengthValidator(most))
        title.initial = (_("%(title)s（副本）") % {"title": self.page.title})[:most]
        self.fields["new_slug"] = forms.CharField(required=False, initial="", widget=forms.HiddenInput)

    def clean(self) -> Any:
        if any(self.data.get(name) for name in self.taken_off):
            raise ValidationError(_("这里不能这样复制。请先复制成草稿，看过以后再发布。"))
        parent = self.cleaned_data.get("new_parent_page") or self.page.get_parent()
        self.cleaned_data["new_slug"] = find_available_slug(parent, self.page.slug[:LONGEST_SLUG])
        return super().clean()


class CopyCourseForm(CopyPageForm):
    """A course with its lessons, for the same organisation or another one where the author may write."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_parent_page"].widget = forms.HiddenInput()  # there is one shelf
        if "copy_subpages" in self.fields:
            self.fields["copy_subpages"].label = _("连同里面的课")
        nodes = editable_nodes(self.user).filter(closed_date=None)
        node = self.page.specific.node
        is_closed = node.closed_date is not None
        self.fields["node"] = UnitChoice(
            nodes,
            scope=ORGANISE,
            label=_("给哪个组织"),
            initial=None if is_closed else node.pk,
            required=is_closed,  # else without one it stays where it is
        )


class CopyPathForm(CopyCourseForm):
    """A copied learning path is a draft: its steps may not be out, or not belong where it goes."""

    taken_off = ("alias", "publish_copies")


class CopyLessonForm(CopyPageForm):
    """A copied lesson is a draft: people may study the course that it joins, and publishing asks whom it touches."""

    taken_off = ("alias", "publish_copies")


def requirements_of(course: Any) -> set[int]:
    """Return the ids of a course and of all that have to be finished before it, however far."""
    found, asked = {course.pk}, {course.pk}
    through = type(course).requires.through.objects
    while asked:
        rows = through.filter(from_coursepage_id__in=asked)
        asked = set(rows.values_list("to_coursepage_id", flat=True)) - found
        found |= asked
    return found


def circle_in(course: Any, chosen: Any) -> ValidationError | None:
    """Return why a course cannot ask for these first: one of them waits for it, however far, and nobody could begin."""
    for one in chosen:
        if course.pk in requirements_of(one):
            said = _("要先学完的课程：“%(title)s”要求先学这门课，互相等着谁也开始不了。请去掉它。")
            return ValidationError(said, params={"title": one.title})
    return None


class UnitPageForm(MemberPageForm):
    """Offers only the organisations for which the editor may write, and takes only covers that are theirs."""

    is_cover_refused = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A colleague's picture that the page has already stays there.
        self.kept_cover = str(self.instance.cover_id or "")
        if "node" in self.fields:
            self._offer_units()
            if not self.instance.node_id:
                # Chosen from the start: autosave begins when all is there that even a draft needs. What the form begins
                # with goes before what the field does.
                self.initial["node"] = self.fields["node"].queryset.values_list("pk", flat=True).first()

    def _offer_units(self) -> None:
        """Offer the editor's own units, and the stored one: whoever may do more may have chosen it in a draft. It is
        neither lost by opening the form nor changed unseen."""
        own = editable_nodes(self.for_user)
        nodes = own.filter(Q(closed_date=None) | Q(pk=self.instance.node_id))
        kept = Node.objects.filter(pk=self.instance.node_id).exclude(pk__in=own.order_by().values("pk")).first()
        if kept is not None:
            open_ones = own.order_by().filter(closed_date=None).values("pk")
            nodes = Node.objects.filter(Q(pk__in=open_ones) | Q(pk=kept.pk)).order_by("path")
        field = choose_unit(self, "node", nodes, scope=ORGANISE)
        if kept is not None:
            said = _("现在写的“%(unit)s”不在您的范围内，是别人选的：不改就保留。改成别的以后，您就选不回来了。")
            field.help_text = said % {"unit": kept.name}

    def _widget_data_value(self, widget: Any, html_name: str) -> Any:
        value = super()._widget_data_value(widget, html_name)
        if html_name != self.add_prefix("cover") or not value:
            return value
        if str(value) == self.kept_cover or not may_use(PICTURE, [str(value)], user=self.for_user):
            return value
        # Not even its title comes back.
        self.is_cover_refused = True
        return None

    def clean_cover(self) -> Any:
        cover = self.cleaned_data["cover"]
        if self.is_cover_refused:
            raise ValidationError(_("封面：这张图片不存在，或者不归您使用。请另选一张图片。"))
        return cover


class CoursePageForm(UnitPageForm):
    """A course: offers to ask first for what the editor may write, or what it asked for before."""

    untitled = "未命名的课程"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "requires" in self.fields:
            reached = Q(live=True, node__in=editable_nodes(self.for_user).order_by())
            kept = Q(pk__in=[one.pk for one in self.instance.requires.all()]) if self.instance.pk else Q(pk__in=())
            courses = type(self.instance).objects.filter(reached | kept).exclude(pk=self.instance.pk)
            self.fields["requires"].queryset = courses.order_by("title", "pk")

    def clean_category(self) -> str:
        return " ".join(as_it_reads(str(self.cleaned_data["category"])).split())

    def clean_requires(self) -> Any:
        """Refuse courses that wait for this one, however far, in a draft too: nobody could begin with any of them, and
        nothing that is written later makes it right."""
        chosen = self.cleaned_data["requires"]
        if not self.instance.pk:
            return chosen
        if circle := circle_in(self.instance, chosen):
            raise circle
        return chosen


def faults_in_steps(courses: Sequence[Any]) -> Iterator[Any]:
    """Give why a learning path with these courses (None: none is chosen), in order, cannot be published."""
    if not courses:
        yield _("还没有步骤：请至少加一步，选一门课程。")
    for number, course in enumerate(courses, start=1):
        if course is None:
            said = _("步骤：第 %(number)s 步还没有课程，没有选，或者课程已经删除。请选一门，或者删掉这一步。")
            yield said % {"number": number}
        elif course in courses[: number - 1]:
            said = _("步骤：课程“%(title)s”前面已经有了，请把第 %(number)s 步换成别的，或者删掉。")
            yield said % {"title": course.title, "number": number}


class PathPageForm(UnitPageForm):
    """A learning path: takes only courses for which the editor may write, or that stood in it before."""

    untitled = "未命名的学习路径"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused_steps = self._take_out_others() if self.is_bound else []
        if "aim" in self.fields:
            self.fields["aim"].error_messages["max_length"] = _(
                "为什么学、给谁学：最多 %(limit_value)d 个字，现在有 %(show_value)d 个。"
            )

    def _take_out_others(self) -> list[int]:
        """Empty the steps that name a course which is not this author's to choose, before anything draws its title.

        Returns their numbers as they stand in the form.
        """
        formset = self.formsets.get("steps")
        if formset is None:
            return []
        names = [name for name in formset.data if STEP.fullmatch(name)]
        asked = {name: str(formset.data[name]) for name in names if str(formset.data[name]).strip()}
        keys = {key for key in asked.values() if key.isascii() and key.isdigit() and len(key) < LONGEST_KEY}
        model = formset.model._meta.get_field("course").related_model  # noqa: SLF001 - Django names it so
        kept = {str(one.course_id) for one in self.instance.steps.all()} if self.instance.pk else set()
        reached = model.objects.filter(pk__in=keys, node__in=editable_nodes(self.for_user).order_by())
        known = {str(pk) for pk in reached.values_list("pk", flat=True)} | (kept & keys)
        refused = [name for name, key in asked.items() if key not in known]
        if refused:
            data = formset.data.copy()
            for name in refused:
                data[name] = ""
            formset.data = data
            formset.__dict__.pop("forms", None)  # where they were made already
        return sorted(int(name.split("-")[1]) + 1 for name in refused)

    def clean(self) -> Any:
        cleaned = super().clean()
        for number in self.refused_steps:
            said = _("步骤：第 %(number)s 步选的课程不存在，或者不归您使用。请另选一门。")
            self.add_error(None, ValidationError(said, params={"number": number}))
        formset = self.formsets.get("steps")
        if formset is None or self.refused_steps:
            return cleaned
        for form in formset.forms:
            form.fields["course"].error_messages["required"] = _("请给这一步选一门课程，或者删掉这一步。")
        if not self.is_deferred_validation and formset.is_valid():
            for fault in faults_in_steps([form.cleaned_data.get("course") for form in _in_order(formset)]):
                self.add_error(None, fault)
        return cleaned


def _in_order(formset: Any) -> list[Any]:
    """The forms of what stays, as they are ordered."""
    return [form for form in formset.ordered_forms if form not in formset.deleted_forms]


class LessonPageForm(MemberPageForm):
    """Takes only videos, pictures and documents that the author may choose, or that stood in the lesson before."""

    untitled = "未命名的课"

    def _widget_data_value(self, widget: Any, html_name: str) -> Any:
        value = super()._widget_data_value(widget, html_name)
        return self._allowed(value) if isinstance(value, StreamValue) else value

    def _allowed(self, body: StreamValue) -> StreamValue:
        """Return the blocks without what is not this author's to choose: not even its title comes back to them."""
        block: LessonBody = body.stream_block
        refused = {
            kind: may_use(kind, keys, user=self.for_user, page=self.instance)
            for kind, keys in block.choices_in(body).items()
        }
        return block.without(body, refused) if any(refused.values()) else body
