"""How oneself signs in: one's accounts of elsewhere, and where one is signed in; each with a way to end it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from organizations.account_ways import account_way_name
from organizations.models import User
from organizations.operations.accounts import allow_account, end_account_link, ended_accounts_of
from organizations.operations.sessions import end_sessions, note_session, sessions_of
from organizations.permissions import role_required, signed_in
from organizations.queries import account_links_of, has_factor
from organizations.sentences.sessions import device_said
from organizations.views.factors import to_prove

MOST_SESSIONS = 50


@never_cache
@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
def my_sign_in(request: HttpRequest) -> HttpResponse:
    """One page; a form of it names one thing to end: ``link``, ``session``, or ``others`` for all other sessions; or
    what to ``allow`` again, for which one proves oneself first: it is a way in."""
    person, now = signed_in(request), timezone.now()
    key = request.session.session_key or ""
    if request.method == "POST":
        proving = to_prove(request) if "allow" in request.POST else None
        if proving is not None:
            return proving
        _end(request, person, key)
        return redirect("my_sign_in")
    rows = list(sessions_of(user_id=person.pk, as_of=now)[:MOST_SESSIONS])
    if not any(row.session_key == key for row in rows):  # older than this list
        note_session(request)
        rows = list(sessions_of(user_id=person.pk, as_of=now)[:MOST_SESSIONS])
    context = {
        "tab": "me",
        "links": [(link, account_way_name(link.provider)) for link in account_links_of(person)],
        "ended": [(one, account_way_name(one.provider)) for one in ended_accounts_of(person)],
        "has_factor": has_factor(person),
        "sessions": [(row, device_said(row.user_agent), row.session_key == key) for row in rows],
    }
    return render(request, "organizations/my_sign_in.html", context)


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
