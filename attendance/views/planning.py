"""Planning a training in one go (ADR 65): for whom and by which rule, what, how it will look, and one press.

A plan is a training in draft: it can be left at any step, and is on the desk until it is published.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from wagtail.log_actions import log as log_action

from attendance.kinds import kinds, office_url
from attendance.models import Occasion, Rule, Training
from attendance.operations.cancelled import withdrawn_title
from attendance.permissions import own_training
from attendance.planning import (
    UnableToPlanTraining,
    contents_of,
    copy_training,
    lacks_of,
    planners,
    publish_training,
    why_not_withdrawn,
    withdraw_training,
)
from attendance.planning_forms import PARTS, CopyForm, PlanForm
from attendance.queries.concerned import people_at
from attendance.queries.planning import Audience, audience_of, busy_around, named_units
from attendance.queries.reminders import UnitWishes
from attendance.sentences.records import day_and_hour, moment
from attendance.sentences.rules import rule_sentence
from organizations.models import Role, User
from organizations.permissions import role_required, signed_in


@dataclass(frozen=True)
class ContentRow:
    """One thing that is planned: where it is changed, and what a member reads of it on 今天."""

    title: str
    text: str
    rule: str
    url: str
    seen: str


def told_if_withdrawn(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """View decorator: where a plan was withdrawn, say so to those whose it was. Everybody else's 404 stays."""

    @wraps(view)
    def guarded(request: HttpRequest, training_id: int) -> HttpResponse:
        try:
            return view(request, training_id)
        except Http404:
            title = withdrawn_title(signed_in(request), training_id)
            if not title:
                raise
        messages.warning(request, _("“%(title)s”已经撤回，不能恢复。") % {"title": title})
        return redirect("desk")

    return guarded


@require_http_methods(["GET", "POST"])
@never_cache
@role_required(Role.ORGANISER)
def plan_new(request: HttpRequest) -> HttpResponse:
    """Begin a plan: the training in draft, which one may leave and take up again."""
    form = PlanForm(request.POST or None, instance=Training(), for_user=signed_in(request))
    return _basics(request, form, None)


@require_http_methods(["GET", "POST"])
@never_cache
@role_required(Role.ORGANISER)
@told_if_withdrawn
def plan_change(request: HttpRequest, training_id: int) -> HttpResponse:
    """Change for whom, when and by which rule; once it is published, what that does to others is asked first."""
    training = _own(request, training_id)
    form = PlanForm(request.POST or None, instance=training, for_user=signed_in(request))
    return _basics(request, form, training)


def _basics(request: HttpRequest, form: PlanForm, training: Training | None) -> HttpResponse:
    counted = None
    if "count" in request.POST:
        counted = _counted(form)
    elif request.method == "POST" and form.is_valid():
        try:
            saved = form.save()
        except ValidationError as error:
            form.add_error(None, error)
        else:
            action = "wagtail.create" if training is None else "wagtail.edit"
            log_action(instance=saved, action=action, user=signed_in(request))
            messages.success(request, _("已保存。可以随时离开，下次从工作台接着做。"))
            return redirect("plan", saved.pk)
    context = {"tab": "desk", "form": form, "training": training, "counted": counted}
    is_wrong = form.errors and counted is None
    return render(request, "attendance/plan_basics.html", context, status=422 if is_wrong else 200)


def _counted(form: PlanForm) -> list[str] | None:
    """Return how many people what is filled in so far is for; None where the units are not right yet."""
    form.is_valid()
    # What else is not filled in yet is no fault of whoever only wants to know how many.
    for name in [name for name in form.errors if name != "node" and not name.startswith(tuple(PARTS))]:
        del form.errors[name]
    node = form.cleaned_data.get("node")
    if node is None or form.errors:
        return None
    audience = audience_of(node, on_date=timezone.localdate(), units=form.units)
    return [_expected(audience.people, audience.branches), *_parts(audience)]


def _parts(audience: Audience) -> list[str]:
    """Return what each unit that is named has, a line each."""
    words = {False: _("%(unit)s：%(count)s 人"), True: _("不包括 %(unit)s：%(count)s 人")}
    parts = sorted(audience.parts, key=lambda one: one.is_left_out)
    return [words[one.is_left_out] % {"unit": one.name, "count": one.people} for one in parts]


@require_GET
@never_cache
@role_required(Role.ORGANISER)
@told_if_withdrawn
def plan(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show a plan with what is in it, and how it will look to whom."""
    return _shown(request, _own(request, training_id))


def _shown(request: HttpRequest, training: Training, *, status: int = 200) -> HttpResponse:
    user, as_of = signed_in(request), timezone.now()
    contents = contents_of(training)
    is_draft = training.state == Training.State.DRAFT
    audience = audience_of(training.node, on_date=timezone.localdate(as_of), units=named_units(training))
    context = {
        "tab": "desk",
        "training": training,
        "until": moment(training.deadline_at),
        "is_draft": is_draft,
        "is_closed": training.state == Training.State.CLOSED,
        "rules": [
            (label, rule_sentence(rule) if rule else _("没有设，加的时候再选"))
            for label, rule in ((_("直播"), training.lecture_rule), (_("课程"), training.course_rule))
        ],
        "rows": [_row(one, user, as_of) for one in contents],
        "adding": [(one.add_label, one.add_url(training)) for one in planners().values()],
        "busy": [_busy(one) for one in busy_around(training, user=user)],
        "lacks": lacks_of(training, contents, as_of=as_of) if is_draft else [],
        **_who(people_at(contents, as_of=as_of) if contents else audience.people, audience),
        "parts": _parts(audience),
        "reminders": reminder_words(training, contents),
    }
    return render(request, "attendance/plan.html", context, status=status)


def _who(people: int, audience: Audience) -> dict[str, object]:
    """Return how many are expected, and the first of their branches; where rosters say otherwise than what is chosen
    now, both."""
    whole = _expected(audience.people, audience.branches)
    if people == audience.people:
        more = "…" if audience.branches > len(audience.named) else ""
        return {"expected": whole, "branches": _("、").join(audience.named) + more}
    said = _("选的范围里现在有 %(whole)s。已经开始的场次名单不变，只给一部分组织的场次按各自的范围。") % {
        "whole": whole
    }
    return {"expected": ngettext("%(count)s 人", "%(count)s 人", people) % {"count": people}, "branches": said}


def _expected(people: int, branches: int) -> str:
    """Return how many people of how many branches it is for."""
    said = (
        ngettext("%(count)s 人", "%(count)s 人", people) % {"count": people},
        ngettext("%(count)s 个支部", "%(count)s 个支部", branches) % {"count": branches},
    )
    return _("，").join(said)


def _row(occasion: Occasion, user: User, as_of: datetime) -> ContentRow:
    kind = kinds()[occasion.kind]
    by_media = occasion.rule.basis == Rule.Basis.MEDIA
    until = _("%(until)s 前学完") % {"until": day_and_hour(occasion.ends_at)}
    starts = day_and_hour(occasion.starts_at)
    when = _("%(starts)s 开始，%(until)s") % {"starts": starts, "until": until} if by_media else starts
    seen = until if by_media else when
    return ContentRow(
        title=occasion.title,
        text=f"{kind.label} · {when} · {occasion.node.name} · {occasion.get_state_display()}",
        rule=rule_sentence(occasion.rule),
        url=office_url(occasion, user, plans=True),
        seen=f"{occasion.title} · {seen}",
    )


def _busy(occasion: Occasion) -> str:
    return f"{day_and_hour(occasion.starts_at)} · {occasion.title} · {occasion.node.name}"


def reminder_words(training: Training, contents: list[Occasion]) -> list[str]:
    """Return when members of a plan will be reminded by itself, as the training's unit has chosen; a sentence each."""
    wishes = UnitWishes([training.node.path]).of(training.node.path)
    bases = {one.rule.basis for one in contents}
    found = []
    if wishes.before_start and Rule.Basis.WINDOW in bases:
        found.append(_("直播：开始前一天和前 30 分钟各提醒一次。"))
    if wishes.before_deadline and contents:
        found.append(_("课程和补学：到期前 3 天提醒还没有完成的人。"))
    return found or [_("不会自动提醒。支部书记可以随时一键提醒。")]


@require_POST
@role_required(Role.ORGANISER)
@told_if_withdrawn
def plan_publish(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show the training to everybody it is for, all of it or nothing."""
    training = _own(request, training_id)
    try:
        publish_training(training_id=training.pk, actor_id=signed_in(request).pk, as_of=timezone.now())
    except UnableToPlanTraining as error:
        messages.error(request, str(error))
        return _shown(request, training, status=422)
    messages.success(request, _("“%(title)s”已发布。") % {"title": training.title})
    return redirect("plan", training.pk)


@require_http_methods(["GET", "POST"])
@never_cache
@role_required(Role.ORGANISER)
@told_if_withdrawn
def plan_copy(request: HttpRequest, training_id: int) -> HttpResponse:
    """Plan the same once more: a draft, everything moved by as many days."""
    training = _own(request, training_id)
    form = CopyForm.of(request.POST or None, training)
    if request.method == "POST" and form.is_valid():
        try:
            copied, left_out = copy_training(
                training_id=training.pk, **form.dates, actor_id=signed_in(request).pk, as_of=timezone.now()
            )
        except UnableToPlanTraining as error:
            messages.error(request, str(error))
            return redirect("plan", training.pk)
        messages.success(request, _("照“%(title)s”做了一份草稿，请检查以后发布。") % {"title": training.title})
        for words in left_out:
            messages.warning(request, words)
        return redirect("plan", copied.pk)
    context = {"tab": "desk", "form": form, "training": training}
    return render(request, "attendance/plan_copy.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@role_required(Role.ORGANISER)
@told_if_withdrawn
def plan_withdraw(request: HttpRequest, training_id: int) -> HttpResponse:
    """Call off a training of which nothing has begun; says first from how many pages it goes."""
    training = _own(request, training_id)
    if request.method == "POST":
        try:
            is_gone = withdraw_training(training_id=training.pk, actor_id=signed_in(request).pk, as_of=timezone.now())
        except UnableToPlanTraining as error:
            messages.error(request, str(error))
            return redirect("plan", training.pk)
        done = _("“%(title)s”已撤回。") if is_gone else _("“%(title)s”已撤回；写过请假的留着，培训已结束。")
        messages.success(request, done % {"title": training.title})
        return redirect("desk")
    contents = contents_of(training)
    if why := why_not_withdrawn(contents, user=signed_in(request)):
        context = {"tab": "desk", "training": training, "why": why}
        return render(request, "attendance/plan_withdraw.html", context)
    words = ngettext(
        "撤回以后，这个培训和里面的 %(count)s 场都取消，从 %(people)s 人的页面上消失，不能恢复。",
        "撤回以后，这个培训和里面的 %(count)s 场都取消，从 %(people)s 人的页面上消失，不能恢复。",
        len(contents),
    )
    people = 0 if training.state == Training.State.DRAFT else people_at(contents, as_of=timezone.now())
    context = {"tab": "desk", "training": training, "words": words % {"count": len(contents), "people": people}}
    return render(request, "attendance/plan_withdraw.html", context)


def _own(request: HttpRequest, training_id: int) -> Training:
    training = own_training(signed_in(request), training_id)
    if training is None:
        raise Http404
    return training
