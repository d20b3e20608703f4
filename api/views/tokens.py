"""Where keys of other programs are made, listed and ended."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from api import operations as do
from api.forms import TokenForm
from api.models import Scope, Token
from api.permissions import MAKERS, ROLES, tokens_of, webhooks_of
from api.views.webhooks import WebhookCard
from attendance.sentences.records import day
from organizations.factors import OFFICE_FRESH_S
from organizations.models import Role
from organizations.permissions import has_role, role_required, signed_in
from organizations.views.factors import to_prove

TO_SHOW = "api_key_to_show"
SHOWN = 100  # tokens on the page, the newest


@dataclass(frozen=True)
class TokenCard:
    """One token in words."""

    token: Token
    as_of: datetime

    @property
    def is_alive(self) -> bool:
        return self.token.ended_at is None and self.token.expires_at > self.as_of

    @property
    def state(self) -> str:
        """How it stands: until when it reads, or why no more."""
        if self.token.ended_because:
            return str(Token.Ended(self.token.ended_because).label)
        until = {"day": day(self.token.expires_at)}
        return (_("有效期到 %(day)s") if self.is_alive else _("%(day)s 已过期")) % until

    @property
    def used(self) -> str:
        if self.token.used_at is None:
            return _("还没有用过")
        return _("最近使用：%(day)s") % {"day": day(self.token.used_at)}

    @property
    def made(self) -> str:
        return _("%(name)s 于 %(day)s 生成") % {"name": self.token.made_by.name, "day": day(self.token.made_at)}


@require_GET
@never_cache
@role_required(*MAKERS)
def home(request: HttpRequest) -> HttpResponse:
    """List the tokens that one made, and those of one's own units for an operator."""
    user, as_of = signed_in(request), timezone.now()
    cards = [TokenCard(one, as_of) for one in tokens_of(user)[:SHOWN]]
    context = {
        "tab": "branch",
        "alive": [card for card in cards if card.is_alive],
        "over": [card for card in cards if not card.is_alive],
        "webhooks": [WebhookCard(one) for one in webhooks_of(user)[:SHOWN]],
        "may_report": has_role(user, *ROLES[Scope.TRAININGS]),
        "is_operator": has_role(user, Role.OPERATOR),
    }
    return render(request, "api/home.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAKERS)
def new_token(request: HttpRequest) -> HttpResponse:
    """Make a token; its key is shown once, on its page. It reads for months: whoever makes it proves themselves."""
    user = signed_in(request)
    if (proving := to_prove(request, within_s=OFFICE_FRESH_S)) is not None:
        return proving
    form = TokenForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            token, key = do.make_token(maker=user, as_of=timezone.now(), **form.cleaned_data)
        except do.UnableToMakeToken as error:
            form.add_error(None, str(error))
        else:
            request.session[TO_SHOW] = {"token": token.pk, "key": key}
            return redirect("api_token", token.pk)
    context = {"tab": "branch", "form": form}
    return render(request, "api/token_new.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAKERS)
def token(request: HttpRequest, token_id: int) -> HttpResponse:
    """Show a token, its key once after it was made; end it."""
    user, as_of = signed_in(request), timezone.now()
    found = tokens_of(user).filter(pk=token_id).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        if do.end_token(token_id=found.pk, actor_id=user.pk, as_of=as_of):
            messages.success(request, _("“%(name)s”的密钥已停用，马上生效。") % {"name": found.name})
        return redirect("api_home")
    key = ""
    if request.method == "GET" and request.session.get(TO_SHOW, {}).get("token") == found.pk:
        key = request.session.pop(TO_SHOW)["key"]
    context = {"tab": "branch", "card": TokenCard(found, as_of), "key": key}
    return render(request, "api/token.html", context)
