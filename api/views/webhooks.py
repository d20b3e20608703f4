"""Where addresses are told what happens: set up, looked at with their log, switched off and on, sent to again."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from api import operations as do
from api.forms import WebhookForm
from api.models import TRIAL, Delivery, Event, Scope, Webhook
from api.permissions import MAKERS, ROLES, webhooks_of
from api.queries.webhooks import deliveries_of
from attendance.sentences.records import day, moment
from attendance.views.shared import id_or_none
from organizations.factors import OFFICE_FRESH_S
from organizations.permissions import role_required, signed_in
from organizations.views.factors import to_prove

TO_SHOW = "webhook_secret_to_show"
SHOWN = 50  # of the log, the newest
ERRORS = {
    "unknown": gettext_lazy("找不到这个主机名"),
    "private": gettext_lazy("地址指向内网，没有发送"),
    "certificate": gettext_lazy("证书不对"),
    "slow": gettext_lazy("没有按时回答"),
    "connection": gettext_lazy("连不上"),
}


@dataclass(frozen=True)
class WebhookCard:
    """One address in words."""

    webhook: Webhook

    @property
    def is_on(self) -> bool:
        return self.webhook.off_at is None

    @property
    def state(self) -> str:
        """How it stands: on, failing since a day, or why off."""
        if self.webhook.off_because:
            return str(Webhook.Off(self.webhook.off_because).label)
        if self.webhook.failing_since is not None:
            return _("从 %(day)s 起送不到，还在重试") % {"day": day(self.webhook.failing_since)}
        return _("开着，有事就推送")

    @property
    def events(self) -> list[str]:
        return [str(Event(one).label) for one in self.webhook.events]

    @property
    def made(self) -> str:
        return _("%(name)s 于 %(day)s 设置") % {"name": self.webhook.made_by.name, "day": day(self.webhook.made_at)}


def came(delivery: Delivery) -> str:
    """Return what came back, in words; empty where nothing has yet."""
    if delivery.status is not None:
        return _("回答 %(status)s") % {"status": delivery.status}
    return str(ERRORS.get(delivery.error, delivery.error))


@dataclass(frozen=True)
class DeliveryRow:
    """One report in words."""

    delivery: Delivery

    @property
    def title(self) -> str:
        return " · ".join(filter(None, (self.delivery.get_event_display(), self.delivery.body.get("title", ""))))

    @property
    def text(self) -> str:
        """When, how it stands, what came back, and when it is tried again."""
        one = self.delivery
        next_try = _("%(at)s 再发") % {"at": moment(one.next_at)} if self._waits else ""
        # Of one that is sent again for the asking, what came the last time says nothing of this time.
        is_fresh = one.state == Delivery.State.WAITING and not one.failures
        answer = "" if is_fresh else came(one)
        return " · ".join(filter(None, (moment(one.made_at), str(one.get_state_display()), answer, next_try)))

    @property
    def may_be_sent_again(self) -> bool:
        is_over = self.delivery.state != Delivery.State.WAITING
        return (is_over or self._waits) and self.delivery.event != TRIAL

    @property
    def _waits(self) -> bool:
        """Whether it failed and has a while until its next try."""
        one = self.delivery
        return one.state == Delivery.State.WAITING and bool(one.failures) and one.next_at > timezone.now()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*ROLES[Scope.TRAININGS])
def new_webhook(request: HttpRequest) -> HttpResponse:
    """Set up an address; its secret is shown once, on its page. The same proof as for a token."""
    user = signed_in(request)
    if (proving := to_prove(request, within_s=OFFICE_FRESH_S)) is not None:
        return proving
    form = WebhookForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            webhook, secret = do.make_webhook(maker=user, as_of=timezone.now(), **form.cleaned_data)
        except do.UnableToMakeWebhook as error:
            form.add_error(None, str(error))
        else:
            request.session[TO_SHOW] = {"webhook": webhook.pk, "secret": secret}
            return redirect("api_webhook", webhook.pk)
    context = {"tab": "branch", "form": form}
    return render(request, "api/webhook_new.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAKERS)
def webhook(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Show an address with its log, its secret once after it was set up; do one thing with it."""
    user = signed_in(request)
    found = webhooks_of(user).filter(pk=webhook_id).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        _done(request, found)
        return redirect("api_webhook", found.pk)
    secret = ""
    if request.method == "GET" and request.session.get(TO_SHOW, {}).get("webhook") == found.pk:
        secret = request.session.pop(TO_SHOW)["secret"]
    rows = [DeliveryRow(one) for one in deliveries_of(found)[:SHOWN]]
    context = {"tab": "branch", "card": WebhookCard(found), "secret": secret, "rows": rows}
    return render(request, "api/webhook.html", context)


def _done(request: HttpRequest, found: Webhook) -> None:
    user, now = signed_in(request), timezone.now()
    what, again = request.POST.get("do", ""), id_or_none(request.POST.get("again", ""))
    if what == "off":
        do.switch_off(webhook_id=found.pk, because=Webhook.Off.WITHDRAWN, as_of=now, actor_id=user.pk)
        messages.success(request, _("已停用，不再推送。"))
    elif what == "on" and do.switch_on(webhook_id=found.pk, actor=user):
        messages.success(request, _("已重新启用。"))
    elif what == "on":
        messages.error(request, _("设置的人不再有这里的职责，不能重新启用。请另外设置一个。"))
    elif what == "trial":
        _try_out(request, found)
    elif again is not None:
        delivery = deliveries_of(found).filter(pk=again).first()
        if delivery is None:
            raise Http404
        try:
            do.send_again(delivery=delivery, as_of=now)
        except do.UnableToSendAgain as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("一分钟内会再发一次。"))


def _try_out(request: HttpRequest, found: Webhook) -> None:
    try:
        tried = do.try_out(webhook=found, actor=signed_in(request), clock=timezone.now)
    except do.UnableToTryOut as error:
        messages.error(request, str(error))
        return
    said = {"came": came(tried.delivery), "seconds": f"{tried.took_s:.1f}"}
    if tried.delivery.state == Delivery.State.SENT:
        messages.success(request, _("试发送到了：%(came)s，用时 %(seconds)s 秒。") % said)
    else:
        messages.error(request, _("试发没有送到：%(came)s，用时 %(seconds)s 秒。请和对方核对地址和签名。") % said)
