"""A person's own records: hours, every occasion, everything it rests on, and saying that something is wrong."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from attendance.beside import beside
from attendance.catching_up import CatchUp, catch_up_of
from attendance.forms import DisputeForm
from attendance.models import Dispute, Evidence, Occasion, Training
from attendance.operations import (
    UnableToRaiseDispute,
    mark_answers_seen,
    raise_dispute,
    settle_dirty,
    withdraw_dispute,
)
from attendance.queries import occasions_naming
from attendance.queries.answering import answerer_of
from attendance.queries.asked import Asked, asked_of_member
from attendance.queries.coming import leaves_ahead
from attendance.queries.hours import year_of
from attendance.queries.outages import outages_of
from attendance.queries.personal import held_about
from attendance.queries.sessions import sessions_ahead
from attendance.running import chip_of, way_in
from attendance.sentences.asked import asked_words
from attendance.sentences.records import category, day_and_hour, near_day, written_down
from attendance.standing import DONE, Standing, standings_of
from attendance.views.detail import Detail, record_details, step_of
from attendance.views.disputes import DisputeCard, outage_lines, took_back
from attendance.views.hours import YearCard
from attendance.views.today import first_for
from organizations.display import is_elder
from organizations.models import User
from organizations.permissions import role_required, signed_in


@dataclass(frozen=True, slots=True)
class Own:
    """One of my own occasions as the list shows it; ``path``: how it can still be done, if it is not."""

    occasion: Occasion
    stand: Standing
    path: CatchUp | None
    as_of: datetime
    asked: tuple[str, ...] = ()

    @property
    def texts(self) -> list[str]:
        """What stands below the title: the day and what counts, until when it can be done, why nothing can be now."""
        amount = self.stand.amount
        said = [near_day(self.occasion.starts_at, self.as_of)]
        if amount.done_ms:
            said[0] += " · " + _("已计入 %(done)s") % {"done": amount.done}
        if self.path:
            said.append(self.path.until)
            said += [way.label for way in self.path.sessions]
        return [*said, *self.asked]

    @property
    def chip(self) -> str:
        """The state that stands below; none of what is paused."""
        return "" if self.stand.is_paused else chip_of(self.occasion, self.stand.state)


def own_records(member: User, as_of: datetime) -> list[Own]:
    """Return every opened occasion whose roster names ``member``, the newest first; five queries, six where something
    is held again."""
    occasions = list(occasions_naming(member))
    stands = standings_of(occasions=occasions, member_id=member.pk, as_of=as_of)
    ahead = sessions_ahead(occasions, as_of=as_of)
    asked = asked_of_member(member_id=member.pk, occasions=[one for one in occasions if not stands[one.pk].is_done])
    return [_own(one, stands[one.pk], member, as_of, ahead.get(one.pk, ()), asked) for one in occasions]


def _own(
    occasion: Occasion, stand: Standing, member: User, as_of: datetime, sessions: Sequence[Occasion], asked: Asked
) -> Own:
    path = catch_up_of(
        occasion=occasion, state=stand.state, as_of=as_of, member=member, done_ms=stand.amount.done_ms,
        sessions=sessions, check=stand.check,
    )  # fmt: skip
    return Own(occasion, stand, path, as_of, () if stand.is_done else tuple(asked_words(asked, occasion)))


@require_GET
@never_cache
@role_required()
def me(request: HttpRequest) -> HttpResponse:
    """Show this year's hours and every record by training."""
    member, as_of = signed_in(request), timezone.now()
    settle_dirty(as_of=as_of, member_ids=[member.pk])
    records = own_records(member, as_of)
    year = timezone.localdate(as_of).year
    by_training: defaultdict[str, list[Own]] = defaultdict(list)
    for record in records:
        by_training[record.occasion.training.title].append(record)
    card = YearCard(year_of(member_id=member.pk, year=year))
    context = {"tab": "me", "card": card, "trainings": list(by_training.items())}
    context["of_year"] = _("学时，%(year)s 年已计入") % {"year": year}
    context["ahead"] = [(one.occasion.title, _leave_words(one)) for one in leaves_ahead(member_id=member.pk)]
    context["beside"] = beside("me", member=member)
    context["elder"] = is_elder(request)
    context["first"] = first_for(member, as_of) if context["elder"] else None
    return render(request, "attendance/me.html", context)


def _leave_words(leave: Evidence) -> str:
    """Return when what a leave is for begins, why, and who wrote the leave down."""
    why = _("请假：%(why)s") % {"why": category(leave.category)}
    written = written_down(leave.recorded_by, leave.recorded_at)
    return f"{day_and_hour(leave.occasion.starts_at)} · {why} · {written}"


def _own_context(request: HttpRequest, occasion_id: int, form: DisputeForm) -> dict[str, Any]:
    """Return what the page of one's own record shows: the way to put it right included. Raises Http404."""
    member, as_of = signed_in(request), timezone.now()
    settle_dirty(as_of=as_of, member_ids=[member.pk])
    found: list[Detail] = record_details(member_id=member.pk, occasion_id=occasion_id, as_of=as_of)
    if not found:
        raise Http404
    (detail,) = found
    step = step_of(detail) or way_in(detail.occasion, member)
    asked = asked_of_member(member_id=member.pk, occasions=[] if detail.state in DONE else [detail.occasion])
    waits = _waiting_words(detail) if detail.open_dispute else ""
    return {
        "tab": "me",
        "detail": detail,
        "form": form,
        "step": step,
        "said": detail.path.for_member if detail.path and not detail.path.sessions else [],
        "sessions": detail.path.sessions if detail.path else [],
        "disputes": [DisputeCard.of(one, by_reader=True, waits=waits) for one in detail.disputes if not took_back(one)],
        "taken_back": [DisputeCard.of(one, by_reader=True) for one in detail.disputes if took_back(one)],
        "asked": asked_words(asked, detail.occasion),
        "has_declared": detail.occasion.pk in asked.declared,
        "leave_url": "" if asked.has_leave(detail.occasion.pk) else _leave_url(detail),
    } | _ways_to_object(detail, as_of)


def _leave_url(detail: Detail) -> str:
    """Return where leave can be asked afterwards of what was missed; "" where there is nothing to ask."""
    occasion = detail.occasion
    may_ask = detail.is_undone and occasion.training.state == Training.State.PUBLISHED
    return f"{reverse('me_leave_ask')}?occasion={occasion.pk}" if may_ask else ""


def _ways_to_object(detail: Detail, as_of: datetime) -> dict[str, Any]:
    """Return the ready reasons of a dispute, each its own button; what our own log knows of breaks stands first."""
    may_dispute = not detail.open_dispute and not detail.is_called_off
    occasion, member_id = detail.occasion, detail.entry.member_id
    known = outages_of(occasion=occasion, member_id=member_id, as_of=as_of) if may_dispute else []
    ready = [one for one in Dispute.Reason if one is not Dispute.Reason.OTHER]
    return {
        "may_dispute": may_dispute,
        "outages": outage_lines([one.as_row() for one in known]),
        "cut_off": Dispute.Reason.CUT_OFF,
        "reasons": [one for one in ready if not (known and one is Dispute.Reason.CUT_OFF)],
    }


def _waiting_words(detail: Detail) -> str:
    answerer = answerer_of(detail.entry)
    if answerer is None:
        return _("现在还没有能答复的书记，您写的已经留下，有了书记就会看到。")
    return _("书记%(name)s会看到并答复，答复会出现在这里；7 天没有答复的，上一级书记也会看到。") % {
        "name": answerer.name
    }


@require_GET
@never_cache
@role_required()
def me_record(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show one's own record with all evidence held, why it counted or not, and the ways to put it right."""
    context = _own_context(request, occasion_id, DisputeForm())
    response = render(request, "attendance/me_record.html", context)
    if any(one.answered_at and one.seen_at is None for one in context["detail"].disputes):
        mark_answers_seen(occasion_id=occasion_id, member_id=signed_in(request).pk, as_of=timezone.now())
    return response


@require_POST
@role_required()
def me_dispute(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Say that one's own record is wrong; the branch secretary answers."""
    form = DisputeForm(request.POST)
    context = _own_context(request, occasion_id, form)
    if not form.is_valid():
        return render(request, "attendance/me_record.html", context, status=422)
    try:
        raise_dispute(
            occasion_id=occasion_id,
            member_id=signed_in(request).pk,
            text=form.cleaned_data["text"],
            reason=form.cleaned_data["reason"],
            as_of=timezone.now(),
        )
    except UnableToRaiseDispute as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已经提交，支部书记会看到并答复。"))
    return redirect("me_record", occasion_id)


@require_POST
@role_required()
def me_dispute_withdraw(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Take back what one said of one's own record, as long as nobody has answered."""
    member, as_of = signed_in(request), timezone.now()
    found: list[Detail] = record_details(member_id=member.pk, occasion_id=occasion_id, as_of=as_of)
    if not found:
        raise Http404
    said = found[0].open_dispute
    try:
        withdraw_dispute(dispute_id=said.pk if said else 0, member_id=member.pk, as_of=as_of)
    except UnableToRaiseDispute as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已撤回，支部书记不用再答复。"))
    return redirect("me_record", occasion_id)


@require_GET
@never_cache
@role_required()
def me_data(request: HttpRequest) -> JsonResponse:
    """Send everything held about oneself, and about nobody else, as one JSON file."""
    data = held_about(signed_in(request), timezone.now())
    response = JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
