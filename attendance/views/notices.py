"""我的 -> 消息: what the site told a member, by which ways they want to be told, their calendar."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from attendance import operations
from attendance.forms import EmailCodeForm, EmailForm
from attendance.models import Notice, ReminderMessage
from attendance.operations.messaging import NotSent, email_of
from attendance.queries.notices import choice_of, notices_of, sent_outside
from attendance.queries.reminders import state_label
from attendance.reminding import Ways
from attendance.sentences.messages import why
from attendance.sentences.notices import link_of, with_paths, words_of
from attendance.sentences.records import day_and_hour
from attendance.views.calendar import feed_of, member_of_feed
from organizations import limits
from organizations.models import User
from organizations.operations import UnableToTry
from organizations.permissions import role_required, signed_in

A_PAGE = 20
LAST_SENT = 20
TO_SHOW = "calendar_to_show"


@dataclass(frozen=True)
class NoticeRow:
    """One message as the list writes it."""

    text: str
    at: str
    is_new: bool
    url: str

    @classmethod
    def of(cls, one: Notice) -> "NoticeRow":
        return cls(words_of(one), day_and_hour(one.at), one.seen_at is None, link_of(one))


@dataclass(frozen=True)
class SentRow:
    """One text message or e-mail that was sent to the member: by which way, when, by whom, and what it said."""

    title: str
    text: str
    missed: str
    """Why it did not arrive, "" where it did or nobody knows."""

    @classmethod
    def of(cls, one: ReminderMessage) -> "SentRow":
        by = one.reminder.made_by.name if one.reminder.made_by else _("自动提醒")
        at = day_and_hour(one.done_at or one.made_at)
        title = f"{one.get_channel_display()} · {at} · {by} · {state_label(one.state, one.delivery)}"
        is_missed = one.delivery == ReminderMessage.Delivery.UNDELIVERED
        missed = _("没有送达：%(why)s。") % {"why": why(one.delivery_why)} if is_missed else ""
        return cls(title, one.text, missed)


@require_GET
@never_cache
@role_required()
def me_notices(request: HttpRequest) -> HttpResponse:
    """Show what the site told a member, and mark what is shown as seen."""
    member, as_of = signed_in(request), timezone.now()
    page = Paginator(notices_of(member.pk), A_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    rows = [NoticeRow.of(one) for one in with_paths(shown, as_of=as_of)]
    if unseen := [one.pk for one in shown if one.seen_at is None]:
        operations.mark_notices_seen(member_id=member.pk, notice_ids=unseen, as_of=as_of)
    return render(request, "attendance/me_notices.html", {"tab": "me", "page": page, "rows": rows})


@never_cache
@require_http_methods(["GET", "POST"])
@role_required()
def me_choices(request: HttpRequest) -> HttpResponse:
    """Turn channels on and off, give an e-mail address, make or end the secret calendar; what was sent lately."""
    member = signed_in(request)
    forms: dict[str, Any] = {"email_form": EmailForm(), "code_form": EmailCodeForm()}
    status = 200
    if request.method == "POST":
        do = CHOICES.get(request.POST.get("do", ""))
        if do is None:
            raise Http404
        refused = do(request, member)
        if refused is None:
            return redirect("me_choices")
        forms.update(refused)
        status = 422
    return render(request, "attendance/me_choices.html", _choices(request, member) | forms, status=status)


def _choices(request: HttpRequest, member: User) -> dict[str, Any]:
    choice, ways = choice_of(member.pk), Ways.of_site()
    sent = [SentRow.of(one) for one in sent_outside(member.pk)[:LAST_SENT]]
    token = request.session.pop(TO_SHOW, "")
    return {
        "tab": "me", "choice": choice, "ways": ways, "sent": sent, "has_phone": bool(member.phone_cipher),
        "address": _address(member), "waits": bool(choice.code_hash), "calendar": _feed_address(token) if token else "",
        "calendar_tap": _one_tap(_feed_address(token)) if token else "",
    }  # fmt: skip


def _address(member: User) -> str:
    try:
        return email_of(member)
    except NotSent:
        return ""


def _feed_address(token: str) -> str:
    return str(settings.SITE_URL) + reverse("calendar_feed", args=[token])


def _one_tap(address: str) -> str:
    """Return the address by which a phone's calendar subscribes at once."""
    return "webcal:" + address.split(":", 1)[1]


def _choose(request: HttpRequest, member: User) -> dict[str, Any] | None:
    on = set(request.POST.getlist("on"))
    ways, before = Ways.of_site(), choice_of(member.pk)
    operations.choose_channels(
        member_id=member.pk,
        sms="sms" in on if ways.sms else before.sms,  # what is not offered is not chosen
        email="email" in on if before.email_cipher else before.email,
        wecom="wecom" in on if ways.wecom else before.wecom,
        dingtalk="dingtalk" in on if ways.dingtalk else before.dingtalk,
    )
    messages.success(request, _("已保存，马上生效。"))
    return None


def _ask_for_email(request: HttpRequest, member: User) -> dict[str, Any] | None:
    form = EmailForm(request.POST)
    if not settings.EMAIL_URL:
        raise Http404
    if not form.is_valid():
        return {"email_form": form}
    try:
        limits.count("email_code", {"person": str(member.pk)})
        address = form.cleaned_data["address"]
        operations.ask_for_email(member_id=member.pk, address=address, as_of=timezone.now())
    except UnableToTry as error:
        form.add_error("address", _("发得太频繁了，请在 %(when)s再试。") % {"when": limits.when_again(error)})
        return {"email_form": form}
    except operations.UnableToChoose as error:
        form.add_error("address", str(error))
        return {"email_form": form}
    messages.success(request, _("验证码已经发到邮箱，请在下面填写。"))
    return None


def _confirm_email(request: HttpRequest, member: User) -> dict[str, Any] | None:
    form = EmailCodeForm(request.POST)
    if not form.is_valid():
        return {"code_form": form}
    try:
        limits.count("email_code_entry", {"person": str(member.pk)})
        operations.confirm_email(member_id=member.pk, code=form.cleaned_data["code"], as_of=timezone.now())
    except UnableToTry as error:
        form.add_error("code", _("试得太频繁了，请在 %(when)s再试。") % {"when": limits.when_again(error)})
        return {"code_form": form}
    except operations.UnableToChoose as error:
        form.add_error("code", str(error))
        return {"code_form": form}
    messages.success(request, _("邮箱已经验证。"))
    return None


def _drop_email(request: HttpRequest, member: User) -> dict[str, Any] | None:
    operations.drop_email(member_id=member.pk)
    messages.success(request, _("邮箱已经删除。"))
    return None


def _make_calendar(request: HttpRequest, member: User) -> dict[str, Any] | None:
    request.session[TO_SHOW] = operations.make_calendar(member_id=member.pk, as_of=timezone.now())
    return None


def _end_calendar(request: HttpRequest, member: User) -> dict[str, Any] | None:
    operations.end_calendar(member_id=member.pk)
    messages.success(request, _("日历地址已经停用，用它的地方不会再更新。"))
    return None


CHOICES = {
    "channels": _choose,
    "email": _ask_for_email,
    "code": _confirm_email,
    "no_email": _drop_email,
    "calendar": _make_calendar,
    "no_calendar": _end_calendar,
}


@require_safe
@never_cache
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """Send the calendar of whoever made this secret address; 404 once it was ended, or the person left."""
    as_of = timezone.now()
    member = member_of_feed(token, as_of=as_of)
    if member is None:
        raise Http404
    response = HttpResponse(feed_of(member, as_of=as_of), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="training.ics"'
    response.headers["X-Robots-Tag"] = "noindex"
    return response
