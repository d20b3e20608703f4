"""Reminding: the preview and the tap, the log, what a unit chooses, and the auditor's counts."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance import operations
from attendance.core.reminders import PLACES, UnableToReadWording, after_quiet, check_wording, is_quiet
from attendance.forms import ReminderSettingForm
from attendance.models import Channel, RecordState, ReminderSetting, Training
from attendance.operations.reminders import WORDING_SAID, Made
from attendance.permissions import NAMES, own_nodes
from attendance.queries.reminders import (
    Reminded,
    UnitWishes,
    counts_below,
    reminded,
    reminded_people,
    reminders_in,
    setting_of,
    sms_left,
)
from attendance.reminding import (
    MESSENGERS,
    Ways,
    Whom,
    default_wording,
    not_reached,
    parts_of,
    said_to,
    values_for,
    whom_to_remind,
    with_hint,
)
from attendance.reports.base import Scope
from attendance.sentences.messages import missed
from attendance.sentences.records import day_and_hour
from attendance.standing import DUE
from attendance.views.shared import id_or_none, log_shown, number_or_none, scope_or_404, settle_unread
from organizations.models import Node, Role, User
from organizations.permissions import role_required, signed_in, visible_nodes
from organizations.queries import grants_of

MOST_TICKED = 200  # more people are not ticked one by one
A_PAGE = 50
LATEST = 10
COUNTED_FOR = timedelta(days=400)


@dataclass(frozen=True)
class PersonRow:
    """One person who is reminded (with a tick) or not (with the reason)."""

    member_id: int
    name: str
    texts: list[str]
    is_ticked: bool


@dataclass(frozen=True)
class Preview:
    """Everything the page says before anybody is reminded. ``chosen``: who missed something; ``studying``: who only
    has a running course to go on with, which nobody missed yet: reminded where somebody ticks them."""

    chosen: list[PersonRow]
    studying: list[PersonRow]
    others: list[PersonRow]
    said: str
    notes: list[str]
    closed: str
    token: str

    @property
    def has_ticks(self) -> bool:
        return len(self.chosen) <= MOST_TICKED

    @property
    def shown(self) -> list[PersonRow]:
        return self.chosen[:MOST_TICKED]

    @property
    def shown_studying(self) -> list[PersonRow]:
        """Whom one may tick besides; of more people than are ticked one by one, nobody."""
        return self.studying[: MOST_TICKED - len(self.shown)] if self.has_ticks else []

    @property
    def more_studying(self) -> str:
        rest = len(self.studying) - len(self.shown_studying)
        said = ngettext("还有另外 %(rest)s 位，请到下级组织提醒", "还有另外 %(rest)s 位，请到下级组织提醒", rest)
        return said % {"rest": rest} if rest > 0 else ""

    @property
    def more(self) -> str:
        rest = len(self.chosen) - MOST_TICKED
        return ngettext("还有另外 %(rest)s 位", "还有另外 %(rest)s 位", rest) % {"rest": rest} if rest > 0 else ""

    @property
    def button(self) -> str:
        if self.has_ticks:
            return _("提醒勾选的人")
        return _("提醒这 %(people)s 位") % {"people": len(self.chosen)}


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_remind(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show who would be reminded, of what, by which way, and who would not and why; then remind those ticked."""
    as_of, reader = timezone.now(), signed_in(request)
    scope = scope_or_404(request, training_id, as_of=as_of, roles=NAMES)
    settle_unread(scope)
    refusal = ""
    if request.method == "POST":
        try:
            made = operations.remind(
                scope=scope, reader=reader, member_ids=_chosen(request, scope, reader),
                token=request.POST.get("token", ""), as_of=as_of,
            )  # fmt: skip
        except operations.UnableToRemind as error:
            refusal = str(error)
        else:
            messages.success(request, made_words(made, as_of))
            return redirect(f"{reverse('branch_reminders', args=[training_id])}?node={scope.node.pk}")
    with transaction.atomic():
        preview = preview_of(scope, reader=reader, ticked=_ids(request.GET.getlist("member")))
        people = [one.member_id for one in preview.chosen + preview.studying + preview.others]
        log_shown(scope, reader=reader, member_ids=people, what="reminders")
    context = {"tab": "branch", "scope": scope, "preview": preview, "refusal": refusal}
    return render(request, "attendance/branch_remind.html", context, status=422 if refusal else 200)


def _ids(texts: Sequence[str]) -> set[int]:
    return {number for text in texts[:MOST_TICKED] if (number := id_or_none(text)) is not None}


def _chosen(request: HttpRequest, scope: Scope, reader: User) -> list[int]:
    """Return whom the form means: those ticked, or everybody who missed something where they are many."""
    if "all" not in request.POST:
        return sorted(_ids(request.POST.getlist("members")))
    return [one.member_id for one in whom_to_remind(scope, reader=reader) if one.has_missed and not one.refusal]


def preview_of(scope: Scope, *, reader: User, ticked: set[int]) -> Preview:
    """Return what would happen, with these people ticked (none: all who missed something); seven queries, always."""
    found = whom_to_remind(scope, reader=reader)
    had = reminded(scope.training.pk, [one.member_id for one in found])
    chosen = [_row(one, had, ticked) for one in found if one.has_missed and not one.refusal]
    studying = [_row(one, had, ticked) for one in found if not one.has_missed and not one.refusal]
    others = [_row(one, had, ticked) for one in found if one.refusal]
    wording = UnitWishes([scope.node.path]).of(scope.node.path).text
    # What is said is shown as somebody who missed something reads it, where there is anybody.
    first = min((one for one in found if not one.refusal), key=lambda one: not one.has_missed, default=None)
    said = _sample(wording, scope, first) if first else ""
    is_over = scope.training.state != Training.State.PUBLISHED
    closed = _("这次培训已经结束，不再提醒。") if is_over else ""
    notes = _notes(found, said, as_of=scope.as_of) if first else []
    if is_over:
        chosen, studying = [], []
    return Preview(chosen, studying, others, said, notes, closed, secrets.token_hex(16))


def _row(one: Whom, had: dict[int, Reminded], ticked: set[int]) -> PersonRow:
    before = had.get(one.member_id)
    texts = [one.refusal or one.ways] + ([before.text] if before else [])
    texts += [missed_words(before)] if before and before.missed else []
    if one.left and one.left.words:
        texts.insert(0, one.left.words)
    if one.state == DUE:
        texts.insert(0, _("课程还在学，没有缺"))
    if one.state == RecordState.INCOMPLETE:
        texts.insert(0, _("当时记录不全，不算没有参加"))
    return PersonRow(one.member_id, one.name, texts, one.member_id in ticked if ticked else one.has_missed)


def _sample(wording: str, scope: Scope, one: Whom) -> str:
    until_at = one.left.until_at if one.left else scope.as_of
    values = values_for(name=one.name, unit=scope.node.name, training=scope.training.title, until_at=until_at)
    return said_to(wording, values, one.left)


def _notes(found: Sequence[Whom], said: str, *, as_of: datetime) -> list[str]:
    """Return what is said below the wording: when it goes out, what a text message costs, what is left of the day."""
    wanted = sum(one.channel == Channel.SMS for one in found if not one.refusal)
    left, says = sms_left(as_of=as_of), Ways.of_site().sms
    notes = []
    if any(one.channel in MESSENGERS for one in found if not one.refusal):
        notes.append(_("不在企业微信或钉钉里的人，发送时改用下一种方式。"))
    local = timezone.localtime(as_of)
    if is_quiet(local):
        notes.append(_("晚上十点到早上七点不打扰，%(at)s 发出。") % {"at": day_and_hour(after_quiet(local))})
    if wanted and says == "text":
        notes.append(_("一条短信约按 %(parts)s 条计费。") % {"parts": parts_of(with_hint(said))})
    if wanted and says == "template":
        notes.append(_("短信用服务商审核过的模板，不用上面的话。"))
    if wanted > left:
        said_left = {"left": left, "wanted": wanted}
        notes.append(_("今天全站还能发 %(left)s 条提醒短信，这次要发 %(wanted)s 条；超出的只在站内提醒。") % said_left)
    return notes


def made_words(made: Made, as_of: datetime) -> str:
    """Return what a tap came to."""
    values = {"people": made.people, "sms": made.sms, "email": made.email}
    said = _("已提醒 %(people)s 位") % values
    outside = [
        f"{channel.label} {made.by_channel[channel]}"
        for channel in (Channel.WECOM, Channel.DINGTALK)
        if made.by_channel.get(channel)
    ]
    outside += [_("短信 %(sms)s 条") % values] if made.sms else []
    outside += [_("邮件 %(email)s 封") % values] if made.email else []
    said += _("：") + _("、").join([*outside, _("站内都有")]) + _("。")
    if made.reminder.due_at > as_of:
        said += _("现在是休息时间，%(at)s 发出。") % {"at": day_and_hour(made.reminder.due_at)}
    return said


# --- The log ----------------------------------------------------------------------------------------------------------


@require_GET
@never_cache
@role_required(*NAMES)
@transaction.atomic
def branch_reminders(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show who was reminded of a training, how often, when, by whom and with which result."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    missed = not_reached(training_id=scope.training.pk, path=scope.node.path)
    found, only = reminded_people(training_id=scope.training.pk, path=scope.node.path), "only" in request.GET
    page = Paginator(found.filter(pk__in=missed) if only else found, A_PAGE).get_page(request.GET.get("page"))
    people = list(page.object_list)
    had = reminded(training_id, [one.pk for one in people])
    log_shown(scope, reader=signed_in(request), member_ids=[one.pk for one in people], what="reminders")
    latest = reminders_in(training_id=training_id, path=scope.node.path)
    latest = latest.annotate(people=Count("messages__member", distinct=True))[:LATEST]
    context = {
        "tab": "branch", "scope": scope, "page": page, "latest": [_act_words(one) for one in latest],
        "people": [(one.name, had[one.pk], missed_words(had[one.pk])) for one in people if one.pk in had],
        "not_reached": len(missed), "only": only,
    }  # fmt: skip
    return render(request, "attendance/branch_reminders.html", context)


def missed_words(one: Reminded) -> str:
    """Return why somebody was not reached by what last went out of the house, and what to do; "" if they were."""
    return missed(one.missed) if one.missed is not None else ""


def _act_words(one: Any) -> tuple[str, str]:
    said = _("%(people)s 位 · %(unit)s") % {"people": one.people, "unit": one.node.name}
    return f"{day_and_hour(one.made_at)} {one.made_by.name if one.made_by else _('自动')}", said


# --- What a unit chooses ----------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_reminder_settings(request: HttpRequest) -> HttpResponse:
    """Choose for one's unit how its members are reminded: the wording, how often, what goes by itself."""
    user = signed_in(request)
    node = _node_or_404(request, user)
    row = setting_of(node.pk)
    form = ReminderSettingForm(request.POST or None, initial=_initial(row))
    if request.method == "POST" and form.is_valid() and request.POST.get("do") != "preview":
        try:
            operations.set_reminders(node_id=node.pk, actor_id=user.pk, as_of=timezone.now(), **form.cleaned_data)
        except operations.UnableToSetReminders as error:
            form.add_error("text", str(error))
        else:
            messages.success(request, _("已保存，马上生效。"))
            return redirect(f"{reverse('branch_reminder_settings')}?node={node.pk}")
    context = {"tab": "branch", "node": node, "form": form, "nodes": own_nodes(user, *NAMES), "places": PLACES}
    context |= _settings_said(node, user, form)
    return render(request, "attendance/branch_reminder_settings.html", context, status=422 if form.errors else 200)


def _node_or_404(request: HttpRequest, user: User) -> Node:
    number = number_or_none(request.GET.get("node") or request.POST.get("node"))
    nodes = own_nodes(user, *NAMES) if number is None else list(visible_nodes(user, *NAMES).filter(pk=number))
    if not nodes:
        raise Http404
    return nodes[0]


def _initial(row: ReminderSetting | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {name: getattr(row, name) for name in ("text", "a_week", "before_start", "before_deadline", "outside")}


def _settings_said(node: Node, user: User, form: ReminderSettingForm) -> dict[str, Any]:
    """Return what holds now, and how the wording in the form reads; one that cannot be sent says why."""
    wishes = UnitWishes([node.path]).of(node.path)
    text = form.data.get("text", "") if form.is_bound else wishes.text
    said, error = "", ""
    try:
        check_wording(text or default_wording())
        values = values_for(name=user.name, unit=node.name, training=_("防汛避险"), until_at=_sample_deadline())
        said = said_to(text, values)
    except UnableToReadWording as wrong:
        error = WORDING_SAID[wrong.code](wrong.word)
    if error and not form.errors:
        form.add_error("text", error)
    return {"wishes": wishes, "said": said, "sms_left": sms_left(as_of=timezone.now()), "ways": Ways.of_site()}


def _sample_deadline() -> datetime:
    """Return the deadline of which the sample speaks: the evening a week from now, so that it reads as a real one."""
    return timezone.localtime(timezone.now() + timedelta(days=7)).replace(hour=20, minute=0, second=0, microsecond=0)


# --- The auditor ------------------------------------------------------------------------------------------------------


@require_GET
@never_cache
@role_required(Role.AUDITOR)
def audit_reminders(request: HttpRequest) -> HttpResponse:
    """Show the auditor how many reminders there were in their part of the tree; no names."""
    as_of = timezone.now()
    paths = [grant.path for grant in grants_of(user=signed_in(request)) if grant.role == Role.AUDITOR]
    rows = counts_below(paths, since=as_of - COUNTED_FOR)
    return render(request, "attendance/audit_reminders.html", {"tab": "audit", "rows": rows})
