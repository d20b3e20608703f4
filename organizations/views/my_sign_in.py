"""How oneself signs in: one's accounts of elsewhere, and where one is signed in; each with a way to end it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from organizations.account_ways import account_way_name, personal_accounts, ways_here
from organizations.models import AccountLink, EndedAccount, User
from organizations.operations.accounts import allow_account, end_account_link, ended_accounts_of
from organizations.operations.sessions import end_sessions, note_session, sessions_of
from organizations.permissions import role_required, signed_in
from organizations.queries import account_links_of, has_factor
from organizations.sentences.sessions import device_said
from organizations.views.elsewhere import leave_to_link
from organizations.views.factors import to_prove

MOST_SESSIONS = 50


@never_cache
@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
def my_sign_in(request: HttpRequest) -> HttpResponse:
    """One page; a form of it names one thing to end: ``link``, ``session``, or ``others`` for all other sessions; or
    what to ``allow`` again, or by what to sign in from now on (``bind``, an id of a way), for which one proves oneself
    first: it is a way in."""
    person, now = signed_in(request), timezone.now()
    key = request.session.session_key or ""
    if request.method == "POST":
        proving = to_prove(request) if {"allow", "bind"} & set(request.POST) else None
        if proving is not None:
            return proving
        if "bind" in request.POST:
            return leave_to_link(request, request.POST["bind"])
        _end(request, person, key)
        return redirect("my_sign_in")
    rows = list(sessions_of(user_id=person.pk, as_of=now)[:MOST_SESSIONS])
    if not any(row.session_key == key for row in rows):  # older than this list
        note_session(request)
        rows = list(sessions_of(user_id=person.pk, as_of=now)[:MOST_SESSIONS])
    links, ended = list(account_links_of(person)), list(ended_accounts_of(person))
    personal = personal_accounts()
    context = {
        "tab": "me",
        "links": [
            # What an organisation calls them is a word to them; WeChat's name of their account is none.
            (link, account_way_name(link.provider), "" if link.provider in personal else link.external_id)
            for link in links
        ],
        "ended": [(one, account_way_name(one.provider), one.provider not in personal) for one in ended],
        "bindable": _bindable(request, links, ended),
        "has_factor": has_factor(person),
        "sessions": [(row, device_said(row.user_agent), row.session_key == key) for row in rows],
    }
    return render(request, "organizations/my_sign_in.html", context)


def _bindable(request: HttpRequest, links: list[AccountLink], ended: list[EndedAccount]) -> dict[str, Any]:
    """What oneself may still link: the ``ways`` that can be gone here, or ``elsewhere`` one that cannot.

    Not what an operator ended, which an operator links again.
    """
    taken = {link.provider for link in links} | {one.provider for one in ended if not one.is_own}
    free = [way for way in settings.ACCOUNT_WAYS if way.is_personal and way.accounts not in taken]
    here = [way for way in ways_here(request) if way in free]
    return {"ways": here, "elsewhere": free[0] if free and not here else None}


def _end(request: HttpRequest, person: User, key: str) -> None:
    now = timezone.now()
    if "link" in request.POST:
        ended = end_account_link(link_id=_number(request, "link"), member_id=person.pk, as_of=now, actor_id=person.pk)
        if ended is not None:
            messages.success(request, _("已解除，不能再用它登录。"))
        else:
            messages.info(request, _("这个账号已经解除了。"))
    elif "allow" in request.POST:
        if allow_account(ended_id=_number(request, "allow"), member_id=person.pk, as_of=now) is not None:
            messages.success(request, _("已允许。下次用它登录，手机号对得上就会绑定。"))
        else:
            messages.info(request, _("这个账号已经允许了，或者要由管理员绑定。"))
    elif "session" in request.POST:
        if end_sessions(user_id=person.pk, as_of=now, row_id=_number(request, "session"), but=key):
            messages.success(request, _("那里已经退出。"))
        else:
            messages.info(request, _("那里早已退出了。"))
    elif "others" in request.POST:
        count = end_sessions(user_id=person.pk, as_of=now, but=key)
        said = ngettext("别处已经退出，共 %(count)s 处。", "别处已经退出，共 %(count)s 处。", count)
        messages.success(request, said % {"count": count})


def _number(request: HttpRequest, name: str) -> int:
    """The key that a form names; 0, which nothing has, where it is none."""
    sent = request.POST.get(name, "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 19 else 0
