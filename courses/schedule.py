"""The screens of 安排课程 in Wagtail's admin: list, give, change, withdraw before it begins, declare void after."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.admin.views.generic import history
from wagtail.admin.viewsets.model import ModelViewSet

from attendance.forms import VoidForm
from attendance.models import Occasion
from attendance.operations import UnableToPlanOccasion, UnableToVoidOccasion
from attendance.operations.cancelled import cancelled_words
from attendance.permissions import training_asked
from attendance.queries.concerned import concerned_by, people_at
from attendance.queries.consequences import resting_on
from attendance.sentences.checks import missing_words
from attendance.sentences.records import moment
from attendance.views.office import RefusedBySaving, SavedIfChanged, WithoutStatus, without_usage
from cms.permissions import editable_nodes
from courses.forms import CourseRunForm
from courses.models import CourseRun
from courses.plans import void_course, withdraw_course
from courses.queries import runs_in_subtrees
from organizations.models import User

State = Occasion.State
MAY_BE_VOIDED = frozenset({State.OPEN, State.CLOSED, State.SETTLED})
MENU_LABEL, ADD_LABEL = gettext_lazy("安排课程"), gettext_lazy("安排一门课程")


def own_run(request: HttpRequest, pk: Any) -> CourseRun:
    """Return a course given in the organiser's part of the tree; nothing else exists for them."""
    number = int(pk)
    runs = runs_in_subtrees(nodes=editable_nodes(request.user)).select_related(
        "occasion__training", "occasion__node", "occasion__rule", "occasion__voided_by", "page"
    )
    run = runs.filter(pk=number).first() if number < 2**63 else None
    if run is None:
        raise Http404
    return run


def told_if_cancelled(request: HttpRequest, pk: Any) -> HttpResponse | None:
    """Answer whoever had the page open while a colleague cancelled the course; None: there is nothing to tell."""
    if not isinstance(request.user, User) or int(pk) >= 2**63:
        return None
    said = cancelled_words(action="courses.withdraw", occasion_id=int(pk), reader=request.user)
    if not said:
        return None
    messages.error(request, said)
    return redirect("course_runs:index")


class ToldIfCancelled:
    """View mixin: a course that a colleague cancelled meanwhile is told of, and not 404."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            found: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except Http404:
            told = told_if_cancelled(request, kwargs["pk"])
            if told is None:
                raise
            return told
        return found


class NamedAsTheMenu:
    """View mixin: the list is called what its entry in the menu says, on the way to each form, too."""

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super().get_breadcrumbs_items()  # type: ignore[misc]
        listed = reverse("course_runs:index")
        return [one | {"label": MENU_LABEL} if one["url"] == listed else one for one in found]


class RunList(NamedAsTheMenu, generic.IndexView):
    """Only the organiser's own part of the tree exists for them."""

    page_title = MENU_LABEL
    add_item_label = ADD_LABEL

    def get_base_queryset(self) -> QuerySet[CourseRun]:
        return runs_in_subtrees(nodes=editable_nodes(self.request.user))


class AddRun(NamedAsTheMenu, WithoutStatus, RefusedBySaving, generic.CreateView):
    page_title = ADD_LABEL

    def get_page_subtitle(self) -> str:
        return ""

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*super().get_breadcrumbs_items()[:-1], {"url": "", "label": self.page_title}]

    def get_initial(self) -> dict[str, Any]:
        """Begin with the training from whose plan somebody comes."""
        training = training_asked(self.request)
        initial: dict[str, Any] = super().get_initial()
        if training is None:
            return initial
        begins = timezone.make_aware(dt.datetime.combine(training.starts_date, dt.time()))
        if begins > timezone.now():
            initial["starts_at"] = begins
        return {**initial, "training": training.pk, "node": training.node_id, "ends_at": training.deadline_at}

    def get_form(self, form_class: Any = None) -> CourseRunForm:
        form: CourseRunForm = super().get_form(form_class)
        form.from_plan = training_asked(self.request)
        return form

    def get_add_url(self) -> str:
        """The form goes back to where it came from, so that its training is known when it is saved."""
        training, found = training_asked(self.request), str(super().get_add_url())
        return found if training is None else f"{found}?training={training.pk}"

    def get_success_url(self) -> str:
        training = training_asked(self.request)
        found: str = super().get_success_url()
        return found if training is None else reverse("plan", args=[training.pk])

    def get_success_message(self, instance: CourseRun) -> str:
        words = _("“%(title)s”已安排，应学 %(people)s 人。")
        people = people_at([instance.occasion], as_of=timezone.now())
        return words % {"title": instance.occasion.title, "people": people}


class EditRun(NamedAsTheMenu, ToldIfCancelled, WithoutStatus, SavedIfChanged, RefusedBySaving, generic.EditView):
    """What can still be changed, and what is left to do about a course that has begun or is over."""

    def get_object(self, queryset: Any = None) -> CourseRun:
        return own_run(self.request, self.kwargs[self.pk_url_kwarg])

    def get_page_subtitle(self) -> str:
        return str(self.object.occasion.title)

    def get_success_message(self) -> str:
        return _("安排已修改。")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        occasion = self.object.occasion
        return {
            **context,
            "occasion": occasion,
            "people": concerned_by(occasion, as_of=timezone.now()),
            "may_be_voided": occasion.state in MAY_BE_VOIDED,
            "check_said": missing_words(occasion),
        }


class OwnRun:
    """For the views that look a course run up by themselves: only one's own part of the tree exists."""

    request: HttpRequest
    pk: Any

    def get_object(self) -> CourseRun:
        return own_run(self.request, self.pk)


class RunHistory(OwnRun, history.HistoryView):
    pass


@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a course that has not begun; asks first. One that has begun says what can be done instead."""
    run, now = own_run(request, pk), timezone.now()
    if run.occasion.state != State.SCHEDULED:
        words = _("这门课已经开始，有人可能学过，不能删除。可以改截止时间，或者作废这一场。")
        messages.error(request, words)
        return redirect("course_runs:edit", run.pk)
    if request.method == "GET":
        words = _("取消以后，这门课从 %(people)s 人的页面上消失，不能恢复。已经写好的请假仍然保留。")
        return _ask(request, run, _("取消安排"), words % {"people": people_at([run.occasion], as_of=now)})
    try:
        withdraw_course(occasion_id=run.pk, actor_id=request.user.pk, as_of=now)  # type: ignore[arg-type]
    except UnableToPlanOccasion as error:
        messages.error(request, str(error))
        return redirect("course_runs:edit", run.pk)
    messages.success(request, _("安排已取消。"))
    return redirect("course_runs:index")


@require_http_methods(["GET", "POST"])
def void(request: HttpRequest, pk: int) -> HttpResponse:
    """Declare a course that has begun void; asks for the reason first."""
    run, now = own_run(request, pk), timezone.now()
    if run.occasion.state not in MAY_BE_VOIDED:
        messages.error(request, _("只有已经开始、还没有作废的课程可以作废；没有开始的可以取消。"))
        return redirect("course_runs:edit", run.pk)
    form = VoidForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            void_course(occasion_id=run.pk, reason=reason, actor_id=request.user.pk, as_of=now)  # type: ignore[arg-type]
        except UnableToVoidOccasion as error:
            form.add_error("reason", str(error))
        else:
            messages.success(request, _("这一场已作废。"))
            return redirect("course_runs:edit", run.pk)
    words = _(
        "作废以后，这门课不计入任何人的学习：应学 %(people)s 人（其中 %(done)s 人已经学完）的记录都不算数，也不用补学。"
        "大家会看到您写的原因。作废不能撤销，可以重新安排。"
    )
    people = concerned_by(run.occasion, as_of=now)
    values = {"people": people.expected, "done": people.done}
    rests = resting_on(run.occasion, user=request.user, as_of=now)  # type: ignore[arg-type]
    return _ask(request, run, _("作废这一场"), words % values + rests, form)


def _ask(request: HttpRequest, run: CourseRun, title: str, text: str, form: VoidForm | None = None) -> HttpResponse:
    """Say what a step does, and to how many people, before it is done."""
    back = reverse("course_runs:edit", args=[run.pk])
    context = {"occasion": run.occasion, "title": title, "text": text, "form": form, "back": back}
    return render(request, "attendance/admin/ask.html", context)


class CourseRunViewSet(ModelViewSet):
    """安排课程 in the admin's menu."""

    model = CourseRun
    icon = "calendar-alt"
    menu_label = MENU_LABEL
    menu_order = 215
    add_to_admin_menu = True
    copy_view_enabled = False
    inspect_view_enabled = False
    # The key is the occasion's; Wagtail takes any other than a plain number for a text.
    pk_path_converter = "int"
    index_view_class = RunList
    add_view_class = AddRun
    edit_view_class = EditRun
    history_view_class = RunHistory
    create_template_name = "attendance/admin/create.html"
    edit_template_name = "courses/admin/edit.html"
    list_display = [
        "page",
        Column("training", label=gettext_lazy("培训"), accessor="occasion.training.title"),
        Column("node", label=gettext_lazy("给哪个组织"), accessor="occasion.node.name"),
        # Wagtail's own column of dates says how long ago something was, and of what lies ahead "just now".
        Column("ends_at", label=gettext_lazy("截止时间"), accessor=lambda run: moment(run.occasion.ends_at)),
        Column("state", label=gettext_lazy("状态"), accessor="occasion.get_state_display"),
    ]
    list_per_page = 30

    def get_form_class(self, for_update: bool = False) -> type[CourseRunForm]:
        return CourseRunForm

    @property
    def delete_view(self) -> Any:
        """Withdrawing instead: what people may have studied is never deleted."""
        return self._guarded(withdraw)

    def _guarded(self, view: Any) -> Any:
        from wagtail.admin.auth import require_admin_access  # noqa: PLC0415 - needs the apps

        def office_only(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.permission_policy.user_has_permission(request.user, "change"):
                raise Http404
            try:
                answer: HttpResponse = view(request, pk)
            except Http404:
                told = told_if_cancelled(request, pk)
                if told is None:
                    raise
                return told
            return answer

        return require_admin_access(office_only)

    def get_urlpatterns(self) -> list[Any]:
        return [*without_usage(super().get_urlpatterns()), path("void/<int:pk>/", self._guarded(void), name="void")]
