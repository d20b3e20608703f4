"""The form 安排课程: which course, for whom, from when until when, under which rule, in which training."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.widgets import AdminDateTimeInput

from attendance.asking import Asking, changes_in_words
from attendance.models import Occasion, Rule, Training
from attendance.operations import UnableToPlanOccasion
from attendance.plan_forms import check_year
from attendance.queries.concerned import concerned_by, people_at
from attendance.queries.consequences import MOST_NAMED, effects_of_dates, effects_of_rule
from attendance.queries.rules import offered_rules, why_not_at
from attendance.rule_default import offer_default, say_choices, take_default
from attendance.sentences.records import moment
from cms.models import CoursePage
from cms.permissions import editable_nodes, may_edit_at
from cms.queries import Lesson, lessons_by_course, lessons_of, videos_of
from courses.changes import name_of, runs_of
from courses.models import CourseRun
from courses.operations import CoursePlan, UnableToScheduleCourse, reschedule_course, schedule_course
from courses.plans import move_course_end
from courses.queries import is_text_only, media_items_of
from media.models import Video
from organizations.models import Node
from organizations.unit_choice import ORGANISE, choose_unit

WHY = {
    "unpublished": gettext_lazy("这门课还没有发布，请先发布。"),
    "empty": gettext_lazy(
        "这门课里还没有已发布的必修内容，暂时不能安排。请在课里写上文字，或者放一个视频（录音也可以），发布以后再来安排。"
    ),
    "failed_video": gettext_lazy("这门课里有处理失败的视频，请先重试或换掉。"),
    "rule": gettext_lazy("请选择“按课程时长”的认定规则。"),
    "times": gettext_lazy("截止时间要晚于开始时间，也要晚于现在。"),
}
FIELD_OF = {"unpublished": "page", "empty": "page", "failed_video": "page", "rule": "rule", "times": "ends_at"}
LATE = dt.timedelta(minutes=10)
State = Occasion.State


# The highest nodes tell what lies above; deeper ones have the same ancestors.
LARGEST_ROOTS = 200


class CourseSelect(forms.Select):
    """Shows why a course cannot be given beside its title, and does not let it be chosen."""

    hindered: frozenset[int] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if getattr(value, "value", value) in self.hindered:
            option["attrs"]["disabled"] = True
        return option


class CourseField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's takes none while it runs
    """Published courses of some organisations. A key that no database holds is nobody's course."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error


class CourseRunForm(Asking, WagtailAdminModelForm):
    """Offers only what lies in the editor's part of the tree; saving goes through the operations.

    Once the course has begun only its end can be moved; once it is over, nothing.
    """

    from_plan: Training | None = None  # from whose plan somebody comes

    training = forms.ModelChoiceField(Training.objects.none(), label=gettext_lazy("培训"))
    node = forms.ModelChoiceField(
        Node.objects.none(),
        label=gettext_lazy("给哪个组织"),
        help_text=gettext_lazy("这个组织及其下级的党员都应学习。"),
    )
    starts_at = forms.DateTimeField(label=gettext_lazy("开始时间"), widget=AdminDateTimeInput)
    ends_at = forms.DateTimeField(label=gettext_lazy("截止时间"), widget=AdminDateTimeInput)
    rule = forms.ModelChoiceField(
        Rule.objects.none(),
        label=gettext_lazy("认定规则"),
        help_text=gettext_lazy("只有“按课程时长”的规则；没有可选的，请先在“认定规则”里建一条。"),
    )

    class Meta:
        model = CourseRun
        fields = ("page",)
        field_classes = {"page": CourseField}
        widgets = {"page": CourseSelect}
        error_messages = {
            "page": {"invalid_choice": gettext_lazy("这门课已经撤下，或者不在您的范围内，请另选一门。")},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        occasion = self.instance.occasion if self.instance.pk else None
        self.occasion: Occasion | None = occasion
        nodes = editable_nodes(self.for_user)
        offered = nodes.filter(Q(closed_date=None) | Q(pk=occasion.node_id if occasion else None))
        choose_unit(self, "node", offered, scope=ORGANISE)
        self._offer("training", _trainings_for(nodes, occasion))
        kept = occasion.rule_id if occasion else None
        self._offer("rule", offered_rules(self.for_user, basis=Rule.Basis.MEDIA, kept=kept))
        if occasion is None:
            offer_default(self)
        say_choices(self.fields["rule"])
        if occasion is None:
            self._offer_pages(CoursePage.objects.live().filter(node__in=nodes.order_by()).order_by("title", "pk"))
        else:
            self._offer("page", CoursePage.objects.filter(pk=self.instance.page_id))
            self._fill_from(occasion)
        self.stand_by(None if occasion is None else _in_words(occasion))

    def _offer(self, name: str, queryset: Any) -> None:
        field: Any = self.fields[name]
        field.queryset = queryset

    def _offer_pages(self, courses: Any) -> None:
        """Every course with what keeps it from being given, said before it is chosen. Three queries."""
        self._offer("page", courses)
        lessons = lessons_by_course(courses)
        codes = {page.pk: hindrance(lessons[page.path]) for page in courses}
        short = {"empty": _("没有必修内容，暂时不能安排"), "failed_video": _("有处理失败的视频，暂时不能安排")}
        field: Any = self.fields["page"]
        field.label_from_instance = lambda page: (
            f"{page.title}（{short[codes[page.pk]]}）" if codes.get(page.pk) else page.title
        )
        field.widget.hindered = frozenset(pk for pk, code in codes.items() if code)

    @property
    def is_fixed(self) -> bool:
        """Whether nothing of it can be changed any more."""
        return self.occasion is not None and self.occasion.state not in (State.SCHEDULED, State.OPEN)

    def _fill_from(self, occasion: Occasion) -> None:
        changeable = {State.SCHEDULED: {"training", "node", "starts_at", "ends_at", "rule"}, State.OPEN: {"ends_at"}}
        for name in ("training", "node", "starts_at", "ends_at", "rule"):
            self.fields[name].initial = getattr(occasion, name)
            self.fields[name].disabled = name not in changeable.get(State(occasion.state), set())
        self.fields["page"].disabled = True

    def clean_page(self) -> CoursePage:
        page: CoursePage = self.cleaned_data["page"]
        if self.occasion is None and (code := hindrance(lessons_of(page))):
            raise ValidationError(WHY[code])
        return page

    def _clean_moment(self, name: str) -> dt.datetime:
        at: dt.datetime = self.cleaned_data[name]
        check_year(at)
        stored = getattr(self.occasion, name, None)
        # The page shows minutes: whoever leaves the field alone does not move it by seconds.
        return stored if stored is not None and moment(stored) == moment(at) else at

    def clean_starts_at(self) -> dt.datetime:
        return self._clean_moment("starts_at")

    def clean_ends_at(self) -> dt.datetime:
        return self._clean_moment("ends_at")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and not self.is_fixed and ends_at <= max(starts_at, timezone.now()):
            self.add_error("ends_at", WHY["times"])
        training, node = cleaned.get("training"), cleaned.get("node")
        if (
            training
            and node
            and not (node.path.startswith(training.node.path) or training.node.path.startswith(node.path))
        ):
            self.add_error("node", _("这个组织不在所选培训的范围内。"))
        take_default(self, cleaned, "course_rule")
        rule = cleaned.get("rule")
        if rule and node and (refusal := why_not_at(rule=rule, node=node, stored=self.occasion)):
            self.add_error("rule", refusal)
        return cleaned

    def effects_of_saving(self) -> list[str]:
        if self.is_fixed:
            return []
        now, plan = timezone.now(), self.cleaned_data
        if self.occasion is not None and self.occasion.state == State.OPEN:
            return effects_of_moved_end(self.occasion, plan["ends_at"], as_of=now)
        found = _changes(self.occasion, plan, as_of=now) if self.occasion else []
        if self.occasion is None or self.changed_data:
            found += effects_of_rule(rule=plan["rule"], length=_length_of(plan["page"]))
            found += effects_of_dates(
                training=plan["training"], starts_at=plan["starts_at"], ends_at=plan["ends_at"], by_media=True,
                from_plan=plan["training"] == self.from_plan,
            )  # fmt: skip
            if plan["starts_at"] < now - LATE:
                begins = _("开始时间 %(at)s 已经过去，保存以后马上开始。")
                waits = _("开始时间 %(at)s 已经过去，培训发布以后马上开始。")
                is_draft = plan["training"].state == Training.State.DRAFT
                found.append((waits if is_draft else begins) % {"at": moment(plan["starts_at"])})
            found += self._given_twice()
        waiting = self._videos_in_work() if self.occasion is None else 0
        if waiting:
            words = _("有 %(count)s 个视频还在处理，处理好以后自动计入；在那以前，大家看到的学习时间不全。")
            found.append(words % {"count": waiting})
        return found

    def _given_twice(self) -> list[str]:
        """Return where the same people study the same course at the same time already."""
        plan, own = self.cleaned_data, self.instance.pk
        path = plan["node"].path
        same = (
            runs_of(plan["page"].pk)
            .exclude(pk=own)
            .filter(
                Q(occasion__node__path__startswith=path) | Q(occasion__node__path__in=plan["node"].line_paths()),
                occasion__state__in=[State.SCHEDULED, State.OPEN],
                occasion__starts_at__lt=plan["ends_at"],
                occasion__ends_at__gt=plan["starts_at"],
            )
        )
        words = _("这门课已经在%(run)s里安排过，时间重叠：同一个人会有两份要学。")
        return [
            words % {"run": name_of(run, may_edit_at(self.for_user, run.occasion.node))} for run in same[:MOST_NAMED]
        ]

    def _videos_in_work(self) -> int:
        videos = videos_of(lessons_of(self.cleaned_data["page"])).values()
        return sum(video.state != Video.State.READY for video in videos)

    def save(self, commit: bool = True) -> CourseRun:
        """Schedule, or change the plan. Raises ValidationError with the reason when an operation refuses."""
        data, now = self.cleaned_data, timezone.now()
        plan = CoursePlan(
            training_id=data["training"].pk,
            node_id=data["node"].pk,
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            rule_id=data["rule"].pk,
        )
        try:
            if self.occasion is None:
                self.instance = schedule_course(page_id=data["page"].pk, plan=plan, as_of=now)
            elif self.occasion.state == State.OPEN:
                if plan.ends_at != self.occasion.ends_at:
                    move_course_end(
                        occasion_id=self.instance.pk, ends_at=plan.ends_at, actor_id=self.for_user.pk, as_of=now
                    )
            elif not self.is_fixed:
                reschedule_course(occasion_id=self.instance.pk, plan=plan, as_of=now)
        except UnableToScheduleCourse as error:
            raise ValidationError({FIELD_OF[error.code]: WHY[error.code]}) from error
        except UnableToPlanOccasion as error:
            # Times and rule of a new one were looked at: its training was closed or withdrawn meanwhile.
            said = {"training": str(error)} if self.occasion is None else str(error)
            raise ValidationError(said) from error
        return self.instance


def _length_of(page: CoursePage) -> dt.timedelta:
    """Return how long what there is to study in a course is now."""
    lessons = lessons_of(page)
    return dt.timedelta(milliseconds=sum(media_items_of(lessons, reads=is_text_only(lessons)).values()))


def hindrance(lessons: list[Lesson]) -> str:
    """Return why a course with these lessons cannot be given: "", "empty" or "failed_video"."""
    asked = [lesson for lesson in lessons if not lesson.is_optional]
    videos = videos_of(asked).values()
    if not videos and not media_items_of(asked, reads=is_text_only(asked)):
        return "empty"
    return "failed_video" if any(video.state == Video.State.FAILED for video in videos) else ""


def effects_of_moved_end(occasion: Occasion, ends_at: dt.datetime, *, as_of: dt.datetime) -> list[str]:
    """Return what it does to those who study a course that it ends at another time."""
    if ends_at == occasion.ends_at:
        return []
    people = concerned_by(occasion, as_of=as_of)
    values = {
        "old": moment(occasion.ends_at),
        "new": moment(ends_at),
        "people": people.expected,
        "done": people.done,
        "left": people.expected - people.done,
    }
    words = _(
        "截止时间从 %(old)s 改为 %(new)s：应学 %(people)s 人，已经学完的 %(done)s 人不变，还没有学完的 %(left)s 人"
    )
    words += _("少了时间。") if ends_at < occasion.ends_at else _("多了时间。")
    dates = effects_of_dates(
        training=occasion.training, starts_at=occasion.starts_at, ends_at=ends_at, by_media=True, as_stamped=occasion
    )
    return [words % values, *dates]


def _changes(occasion: Occasion, plan: dict[str, Any], *, as_of: dt.datetime) -> list[str]:
    """Return what is different in the plan of a course that has not begun, and whom it concerns."""
    after = Occasion(
        node=plan["node"],
        starts_at=plan["starts_at"],
        ends_at=plan["ends_at"],
        rule=plan["rule"],
        training=plan["training"],
    )
    found = changes_in_words(_in_words(occasion), _in_words(after))
    if found:
        old, new = people_at([occasion], as_of=as_of), people_at([after], as_of=as_of)
        if occasion.node_id == after.node.pk and old == new:
            found.append(_("涉及 %(people)s 人。") % {"people": new})
        else:
            found.append(_("原来涉及 %(old)s 人，改完涉及 %(new)s 人。") % {"old": old, "new": new})
    return found


def _in_words(occasion: Occasion) -> dict[Any, Any]:
    return {
        _("培训"): occasion.training.title,
        _("给哪个组织"): occasion.node.name,
        _("开始时间"): moment(occasion.starts_at),
        _("截止时间"): moment(occasion.ends_at),
        _("认定规则"): str(occasion.rule),
    }


def _trainings_for(nodes: Any, occasion: Occasion | None) -> Any:
    """Trainings of the editor's organisations and of those above them, that are not over; and the occasion's own."""
    tops = set(nodes.order_by("depth").values_list("path", flat=True)[:LARGEST_ROOTS])
    above = {at for path in tops for at in Node.line_to(path)} - tops
    mine = Q(node__in=nodes.order_by()) | Q(node__path__in=above)
    chosen = mine & ~Q(state=Training.State.CLOSED) | Q(pk=occasion.training_id if occasion else None)
    return Training.objects.filter(chosen, is_standing=False).order_by("-starts_date", "title")
