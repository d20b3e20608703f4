"""The way in from a learning platform: OpenID Connect begun by a third party (IMS Security Framework 1.0, 5.1.1)."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lti import sentences
from lti.core import claims
from lti.core.claims import Refusal, UnableToLaunch
from lti.keysets import verified
from lti.models import Platform, Visit
from lti.operations import visits
from lti.operations.keys import SHOWN
from lti.queries import platform_of, public_keys, visit_by_id, visit_by_state
from lti.views import cookies
from lti.views.frames import let_frame
from organizations import limits
from organizations.models import User
from organizations.operations import UnableToTry
from organizations.operations.accounts import Refusal as AccountRefusal
from organizations.operations.accounts import UnableToUseAccount
from organizations.sentences import accounts as account_sentences

log = structlog.get_logger(__name__)
# What a link may open: whoever opens it is asked there whether they may.
TARGETS = {"courses_index", "courses_course", "courses_lesson", "courses_path"}
FRAMED = {"iframe", "frame", "embed", "object"}
MAX_HINT = 4000


@require_GET
def keys(request: HttpRequest) -> JsonResponse:
    """This site's public keys (RFC 7517)."""
    response = JsonResponse({"keys": public_keys(since=timezone.now() - SHOWN)})
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@never_cache
@csrf_exempt  # the platform begins; what it sends here changes nothing that is anybody's
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponseBase:
    """Begin: send the browser back to its platform, which says who it is. In a frame: ask for a window first."""
    sent = request.GET if request.method == "GET" else request.POST
    platform = platform_of(issuer=sent.get("iss", "")[:255], client_id=sent.get("client_id", "")[:255])
    if platform is None:
        return refuse(request, UnableToLaunch(Refusal.UNKNOWN), None)
    if platform.off_at is not None:
        return refuse(request, UnableToLaunch(Refusal.OFF), platform)
    asked = {name: sent[name] for name in ("login_hint", "lti_message_hint") if name in sent}
    target = sent.get("target_link_uri", "")
    is_readable = all(claims.is_whole(value) for value in (*asked.values(), target))
    if not asked.get("login_hint") or not is_readable or any(len(value) > MAX_HINT for value in asked.values()):
        return refuse(request, UnableToLaunch(Refusal.UNREADABLE, "login_hint"), platform)
    kind = request.headers.get("Sec-Fetch-Dest", "document")
    if kind != "document" and kind not in FRAMED:  # a picture, a script: another site's page, and nobody sees an answer
        return refuse(request, UnableToLaunch(Refusal.UNREADABLE, "no page is asked for"), platform)
    if kind in FRAMED and target != choosing_url():
        said = {"iss": platform.issuer, "client_id": platform.client_id, "target_link_uri": target[: claims.MAX_URL]}
        window = f"{reverse('lti_login')}?{urlencode({**said, **asked})}"
        page = render(request, "lti/window.html", {"url": window, "platform": platform})
        return let_frame(page, platform)
    try:
        limits.try_platform(request)
    except UnableToTry as error:
        text = _("登录的人太多，请在 %(when)s再试。") % {"when": limits.when_again(error)}
        page = render(request, "lti/refused.html", {"title": _("请稍等"), "texts": [text]}, status=429)
        page.headers["Retry-After"] = str(limits.seconds_left(error))
        return let_frame(page, platform)
    return _led_to(platform, asked)


def _led_to(platform: Platform, asked: dict[str, str]) -> HttpResponseBase:
    visit, secret = visits.begin(platform=platform, as_of=timezone.now())
    question = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": launch_url(),
        "state": visit.state,
        "nonce": claims.derived("nonce", secret),
        **asked,
    }
    joined = "&" if urlsplit(platform.authorize_url).query else "?"
    response = HttpResponseRedirect(f"{platform.authorize_url}{joined}{urlencode(question)}")
    cookies.keep(response, visit.state, secret)
    return response


@never_cache
@csrf_exempt  # the platform's page sends it; ``state`` and the cookie say that this browser began
@require_POST
def launch(request: HttpRequest) -> HttpResponseBase:
    """The platform has said who it is. Lead on by a page: only a request of our own brings along who is signed in."""
    state = request.POST.get("state", "")
    visit = visit_by_state(state) if state.isascii() else None
    try:
        secret = cookies.kept(request, state) if visit is not None else ""
        if visit is not None and not constant_time_compare(claims.derived("state", secret), state):
            raise UnableToLaunch(Refusal.BROWSER if not secret else Refusal.OVER)
        visit = visits.check_open(visit, as_of=timezone.now())
        if "error" in request.POST:
            raise UnableToLaunch(Refusal.CANCELLED)
        visits.count_try(visit)
        said = verified(visit.platform, request.POST.get("id_token", ""))
        nonce = claims.derived("nonce", secret)
        asked = claims.read(said, nonce=nonce, deployments=visit.platform.deployments)
        person = visits.arrive(visit=visit, asked=asked, as_of=timezone.now())
    except UnableToLaunch as error:
        return refuse(request, error, visit.platform if visit else None)
    except UnableToUseAccount as error:
        assert visit is not None  # noqa: S101 - it was open
        return refuse_account(request, error, visit.platform, asked.sub)
    page = "lti_go" if asked.wants is None else "lti_choose"
    context = {"url": reverse(page, args=[visit.pk]), "platform": visit.platform}
    response = render(request, "lti/onward.html", context)
    cookies.keep_person(response, visit, member_id=person.pk, to=place_of(asked.target))
    return let_frame(response, visit.platform) if asked.wants is not None else response


@never_cache
@require_http_methods(["GET", "POST"])
def go(request: HttpRequest, visit_id: int) -> HttpResponseBase:
    """Sign in, once, and lead to the page. Whoever is signed in as somebody else is asked first.

    Whichever way it ends, the visit is over: the cookie outlives signing out, and would sign in again.
    """
    visit = visit_by_id(visit_id)
    ticket = cookies.person_kept(request, visit) if visit else None
    try:
        if visit is None or ticket is None:
            raise UnableToLaunch(Refusal.GONE)
        if visit.wants:  # of a frame, where nobody is signed in
            raise UnableToLaunch(Refusal.OVER)
        stays = request.user.is_authenticated and request.method == "POST" and request.POST.get("do") == "stay"
        if stays or request.user.pk == ticket["member"]:
            visits.close(visit=visit, as_of=timezone.now())
            return _led_on(redirect(ticket["to"]), visit)
        person = visits.person_inside(visit=visit, member_id=ticket["member"], as_of=timezone.now())
        if request.user.is_authenticated and request.method == "GET":
            context = {"platform": visit.platform, "person": person}
            return render(request, "lti/another.html", context)
        visits.finish(visit=visit, as_of=timezone.now())
    except UnableToLaunch as error:
        return refuse(request, error, visit.platform if visit and ticket else None)
    return _led_on(let_in(request, person, ticket["to"]), visit)


def _led_on(response: HttpResponseBase, visit: Visit) -> HttpResponseBase:
    cookies.drop(response, visit.state)
    return response


def let_in(request: HttpRequest, person: User, to: str) -> HttpResponseBase:
    """Sign in by allauth's stages, the second step among them."""
    logout(request)  # whoever was signed in here: a new session
    record_authentication(request, person, method="lti")
    answer: HttpResponseBase = perform_login(request, Login(user=person, redirect_url=to))
    return answer


def launch_url() -> str:
    """Where a platform sends what it says: from SITE_URL, whatever host the browser says it asked."""
    return str(settings.SITE_URL) + reverse("lti_launch")


def choosing_url() -> str:
    """What a platform names as its target where somebody chooses: nothing stands there, it only tells the two apart."""
    return str(settings.SITE_URL) + "/lti/choose/"


def place_of(target: str) -> str:
    """Return the path of ours that a link leads to; the list of courses for any other, and for none."""
    site = f"{settings.SITE_URL}/"
    path = urlsplit(target).path if target.startswith(site) and target.isprintable() else ""
    try:
        found = resolve(path)
    except Resolver404:
        return reverse("courses_index")
    return path if found.url_name in TARGETS else reverse("courses_index")


def refuse(request: HttpRequest, error: UnableToLaunch, platform: Platform | None) -> HttpResponse:
    """Return the page that says why; a platform that is known may show it in its frame."""
    log.warning("lti_refused", why=str(error), platform_id=platform.pk if platform else None)
    return _told(request, sentences.refused(error.why, name=platform.name if platform else ""), platform)


def refuse_account(request: HttpRequest, error: UnableToUseAccount, platform: Platform, sub: str) -> HttpResponse:
    """Return the page that says whose the account is not, with its name for whoever is called."""
    log.warning("account_refused", provider=platform.way, why=error.why.value)
    if error.why is AccountRefusal.BY_HAND:
        return _told(request, sentences.refused(Refusal.MANAGES, name=platform.name), platform)
    said = account_sentences.refused(error.why, name=platform.name)
    return _told(request, said, platform, sub if said.shows_id else "")


def _told(request: HttpRequest, said: Any, platform: Platform | None, sub: str = "") -> HttpResponse:
    context = {"title": said.title, "texts": said.texts, "external_id": sub}
    return let_frame(render(request, "lti/refused.html", context, status=said.status), platform)


def opened(request: HttpRequest, visit_id: int) -> tuple[Visit, User]:
    """Return a visit that chooses and its person, with no role that asks for a second step. Raises UnableToLaunch."""
    visit = visit_by_id(visit_id)
    ticket = cookies.person_kept(request, visit) if visit else None
    if visit is None or ticket is None:
        raise UnableToLaunch(Refusal.GONE)
    if not visit.wants or visit.done_at is not None:
        raise UnableToLaunch(Refusal.OVER)
    person = visits.person_inside(visit=visit, member_id=ticket["member"], as_of=timezone.now())
    person.has_shown_factor = False  # nothing was asked here (ADR 94)
    return visit, person
