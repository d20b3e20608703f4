"""我的证书: one's own certificates: what there is, taking one, on paper, with a corrected name."""

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

from attendance.kinds import kinds
from attendance.operations import settle_dirty
from certificates.operations import UnableToChangeCertificate, UnableToTakeCertificate, renew_name, take
from certificates.queries import Issued, Way, last_of, own, setting_of, settings_for, way_to, ways_to
from certificates.sentences import facts_of, lacking_step, standing_words, way_chip, way_words
from certificates.views.shared import printed, sheet_of
from organizations.models import User
from organizations.permissions import role_required, signed_in
from organizations.printing import UnableToPrint


@dataclass(frozen=True)
class Row:
    """One line of the list: a certificate, or a training that gives one."""

    title: str
    text: str
    url: str
    chip: str
    look: str


@require_GET
@never_cache
@role_required()
def certificates(request: HttpRequest) -> HttpResponse:
    """List one's own certificates, and the trainings that give one."""
    member = signed_in(request)
    had = own(member)
    coming = settings_for(member.pk, but=[one.certificate.training_id for one in had])
    rows = [_issued_row(one) for one in had]
    ways = ways_to(settings=coming, member_id=member.pk)
    more = [_way_row(ways[one.training_id], timezone.now()) for one in coming if one.training_id in ways]
    return render(request, "certificates/own.html", {"tab": "me", "rows": rows, "more": more})


def _way_row(way: Way, as_of: datetime) -> Row:
    one = way.setting
    return Row(
        one.training.title, one.title, reverse("certificate", args=[one.training_id]), *way_chip(way, as_of=as_of)
    )


def _issued_row(one: Issued) -> Row:
    state, _words = standing_words(one)
    title = one.certificate.training.title
    return Row(
        one.content.title if one.content else title,
        title,
        reverse("certificate", args=[one.certificate.training_id]),
        state,
        "ok" if one.stands and one.fits else "due",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required()
def certificate(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show one's own certificate of a training, or what is still to be done for it; POST takes it."""
    member, as_of = signed_in(request), timezone.now()
    found, way = _own_or_404(member, training_id)
    if request.method == "POST":
        try:
            take(training_id=training_id, member_id=member.pk, as_of=as_of)
        except UnableToTakeCertificate as error:
            messages.warning(request, str(error))
        return redirect("certificate", training_id)
    if found is None:
        assert way is not None  # noqa: S101 - else it was 404
        return render(request, "certificates/to_take.html", _to_take(member, way, as_of))
    return render(request, "certificates/certificate.html", _shown(request, member, found))


def _to_take(member: User, way: Way, as_of: datetime) -> dict[str, object]:
    return {
        "tab": "me",
        "way": way,
        "words": way_words(way, as_of=as_of),
        "may_take": way.may_take,
        "lacking": [(one, lacking_step(one, as_of=as_of)) for one in way.lacking],
        "coming": [(one, kinds()[one.kind].url_for(one, member)) for one in way.coming],
    }


def _own_or_404(member: User, training_id: int) -> tuple[Issued | None, Way | None]:
    """Return one's certificate of a training, or the way to it. Raises Http404 where there is neither."""
    found = last_of(training_id=training_id, member_id=member.pk)
    if found is not None:
        return found, None
    setting = setting_of(training_id)
    if setting is None or not setting.is_on:
        raise Http404
    settle_dirty(as_of=timezone.now(), member_ids=[member.pk])
    way = way_to(setting=setting, member_id=member.pk)
    if way is None:
        raise Http404
    return None, way


def _shown(request: HttpRequest, member: User, found: Issued) -> dict[str, object]:
    state, words = standing_words(found)
    content = found.content
    return {
        "tab": "me",
        "found": found,
        "content": content,
        "state": state,
        "words": words,
        "facts": facts_of(content) if content else [],
        "sheet": sheet_of(request, content) if content and found.stands else None,
        "new_name": member.name if content and found.stands and content.name != member.name else "",
    }


@require_GET
@never_cache
@role_required()
def certificate_pdf(request: HttpRequest, training_id: int) -> HttpResponse:
    """One's own certificate on paper, as long as it stands."""
    found = last_of(training_id=training_id, member_id=signed_in(request).pk)
    if found is None or not found.stands or not found.fits or found.content is None:
        raise Http404
    try:
        return printed([sheet_of(request, found.content)], name=f"{found.content.title}-{found.content.training}")
    except UnableToPrint as error:
        messages.error(request, str(error))
        return redirect("certificate", training_id)


@require_POST
@role_required()
def renew(request: HttpRequest, training_id: int) -> HttpResponse:
    """Change one's certificate for one with the name as the roster has it now."""
    member = signed_in(request)
    if last_of(training_id=training_id, member_id=member.pk) is None:
        raise Http404
    try:
        renew_name(training_id=training_id, member_id=member.pk, as_of=timezone.now())
    except UnableToChangeCertificate as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已经换成新的一张，旧的一张不再有效。"))
    return redirect("certificate", training_id)
