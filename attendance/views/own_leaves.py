"""A member's own leaves: what was asked and answered, asking for another, taking one back."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from attendance import operations
from attendance.leave_forms import LeaveWishForm
from attendance.models import Leave, Occasion, Rule
from attendance.queries.asked import asked_of_member
from attendance.queries.exempting import exemptions_held_by
from attendance.queries.leaves import Offered, offered_to, own_leaves
from attendance.sentences.leaves import became_of, exemption_words, late_words, look_of, what_for
from attendance.sentences.records import day_and_hour
from attendance.views.shared import number_or_none
from organizations.models import User
from organizations.permissions import role_required, signed_in

MOST_SHOWN = 50


@dataclass(frozen=True)
class OwnLeave:
    """One of my leaves as the list shows it; ``url``: where it can still be taken back."""

    title: str
    texts: list[str]
    state: str
    look: str
    url: str = ""

    @classmethod
    def of(cls, one: Leave) -> "OwnLeave":
        is_open = one.state == Leave.State.ASKED
        url = reverse("me_leave_withdraw", args=[one.pk]) if is_open else ""
        texts = [str(one.get_category_display()), late_words(one), *became_of(one)]
        return cls(what_for(one), [text for text in texts if text], one.get_state_display(), look_of(one), url)

    @property
    def label(self) -> str:
        """What taking it back is called where the row is not seen."""
        return _("撤回") + _("：") + self.title


@require_GET
@never_cache
@role_required()
def me_leaves(request: HttpRequest) -> HttpResponse:
    """List one's own leaves with what was answered, and what one is exempt from."""
    member = signed_in(request)
    context = {
        "tab": "me",
        "leaves": [OwnLeave.of(one) for one in own_leaves(member.pk)[:MOST_SHOWN]],
        "exemptions": [exemption_words(one) for one in exemptions_held_by(member.pk)[:MOST_SHOWN]],
    }
    return render(request, "attendance/me_leaves.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required()
def me_leave_ask(request: HttpRequest) -> HttpResponse:
    """Ask for leave of some occasions, or for a time; ``?occasion=`` ticks one."""
    member, as_of = signed_in(request), timezone.now()
    offered, waiting = offered_now(member, as_of)
    ticked = number_or_none(request.GET.get("occasion"))
    form = LeaveWishForm(request.POST or None, offered=choices_of(offered), initial={"occasions": [ticked]})
    if request.method == "POST" and form.is_valid():
        try:
            operations.ask_leave(member_id=member.pk, wish=form.wish(), as_of=as_of)
        except operations.UnableToAskLeave as error:
            form.blame(str(error), error.field)
        else:
            messages.success(request, _("已经提交，支部书记会看到并答复。能来参加的话直接来就行，参加了就算参加。"))
            return redirect("me_leaves")
    context = {"tab": "me", "form": form, "waiting": [_waiting_words(one) for one in waiting]}
    return render(request, "attendance/me_leave_ask.html", context, status=422 if request.method == "POST" else 200)


def offered_now(member: User, as_of: datetime) -> tuple[list[Offered], list[Offered]]:
    """Return what a member can ask leave of, and what they have asked of already, which waits for an answer."""
    found = offered_to(member_id=member.pk, as_of=as_of)
    asked = asked_of_member(member_id=member.pk, occasions=[one.occasion for one in found])
    free = [one for one in found if not asked.has_leave(one.occasion.pk)]
    return free, [one for one in found if one.occasion.pk in asked.waiting]


def _waiting_words(one: Offered) -> str:
    said = {"title": one.occasion.title, "at": day_and_hour(one.occasion.starts_at)}
    return _("%(title)s %(at)s 已请假，等书记批准") % said


def choices_of(offered: list[Offered]) -> list[tuple[int, str]]:
    """Return occasions as boxes to tick, each with its day, and whether asking now is late."""
    return [(one.occasion.pk, _words_of(one)) for one in offered]


def _words_of(one: Offered) -> str:
    if one.occasion.state == Occasion.State.OPEN and one.occasion.rule.basis == Rule.Basis.MEDIA:
        until = {"title": one.occasion.title, "until": day_and_hour(one.occasion.ends_at)}
        return _("%(title)s · %(until)s 截止") % until
    said = f"{one.occasion.title} · {day_and_hour(one.occasion.starts_at)}"
    return said + _("（已经开始，算事后补假）") if one.is_late else said


@require_POST
@role_required()
def me_leave_withdraw(request: HttpRequest, leave_id: int) -> HttpResponse:
    """Take back one's own leave that nobody has answered yet."""
    try:
        operations.withdraw_leave(leave_id=leave_id, member_id=signed_in(request).pk, as_of=timezone.now())
    except Leave.DoesNotExist as error:
        raise Http404 from error
    except operations.UnableToDecideLeave as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已撤回请假。"))
    return redirect("me_leaves")
