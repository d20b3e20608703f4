"""Sign-in links: the page behind one, and the operator's page that makes one."""

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from organizations import operations as do
from organizations.factors import OFFICE_FRESH_S
from organizations.models import Role, User
from organizations.permissions import role_required, signed_in
from organizations.queries import open_link
from organizations.views.factors import to_prove
from organizations.views.operator import log_people, person_or_404

GONE = 410
TO_SHOW = "sign_in_link_to_show"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET says whose link it is and uses nothing up (previews of messengers come here); POST lets the person in."""
    now = timezone.now()
    link = open_link(token, as_of=now)
    if request.method == "POST":
        try:
            member = do.use_link(token=token, as_of=now)
        except do.UnableToUseLink:
            link = None
        else:
            logout(request)  # whoever was signed in here: a new session, or signing in would throw the next line away
            record_authentication(request, member, method="link")
            return perform_login(request, Login(user=member, redirect_url=resolve_url("account_change_password")))
    name = masked(link.member.name) if link is not None else ""
    return render(request, "account/link.html", {"name": name}, status=200 if name else GONE)


@never_cache
@role_required(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, person_id: int) -> HttpResponseBase:
    """Ask once more, then show a fresh link: only on this page, once. Loading it again makes no other."""
    person = person_or_404(request, person_id)
    return to_prove(request, within_s=OFFICE_FRESH_S) or _make(request, person)


def _make(request: HttpRequest, person: User) -> HttpResponse:
    context = {"tab": "people", "person": person, "link": "", "refusal": ""}
    if request.method == "POST":
        try:
            link = do.make_link(member_id=person.pk, as_of=timezone.now(), actor_id=signed_in(request).pk)
        except do.UnableToMakeLink as error:
            context["refusal"] = str(error)
        else:
            request.session[TO_SHOW] = {"person": person.pk, "link": link}
            return redirect("person_link", person.pk)
    elif request.session.get(TO_SHOW, {}).get("person") == person.pk:
        context["link"] = request.session.pop(TO_SHOW)["link"]
    log_people(request, [person.pk], what="person")
    return render(request, "organizations/person_link.html", context, status=422 if context["refusal"] else 200)


def masked(name: str) -> str:
    """The first character of a name, for the person to know themselves by and nobody else."""
    return name[:1] + "＊" * max(1, len(name[1:3]))
