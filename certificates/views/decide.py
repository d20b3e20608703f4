"""What the organiser does: the wording, a specimen, switching on; withdrawing and issuing anew, with a reason."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from attendance.models import Training
from certificates.core.content import Content
from certificates.core.finish import Finish
from certificates.core.number import LENGTH, grouped
from certificates.forms import SettingForm, WithdrawForm
from certificates.models import CertificateLapse, CertificateSetting
from certificates.operations import (
    UnableToChangeCertificate,
    UnableToDecide,
    reissue,
    switch,
    withdraw,
    write_setting,
)
from certificates.operations.issuing import content_for
from certificates.permissions import certificate_to_decide, issuers_for, training_to_decide
from certificates.queries import (
    Issued,
    certificate_by_number,
    holders,
    hours_together,
    lapses_of,
    looked_through,
    setting_of,
)
from certificates.queries.finished import occasions_by
from certificates.sentences import facts_of, hours_words, lacking_words, progress_words, standing_words, terms_words
from certificates.views.shared import printed, sheet_of
from organizations.models import Role
from organizations.operations import ONE_VISIT, log_access, log_list
from organizations.permissions import role_required, signed_in
from organizations.printing import UnableToPrint

SPECIMEN = gettext_lazy("样张")
MOST_LISTED = 60


def _training_or_404(request: HttpRequest, training_id: int) -> Training:
    found = training_to_decide(signed_in(request), training_id)
    if found is None:
        raise Http404
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
def setting(request: HttpRequest, training_id: int) -> HttpResponse:
    """Write what the certificates of a training say, look at a specimen, then switch them on; off again."""
    training, user = _training_or_404(request, training_id), signed_in(request)
    kept = setting_of(training_id)
    do = request.POST.get("do", "save")
    if request.method == "POST" and do in ("on", "off"):
        return _switched(request, training, on=do == "on")
    form = SettingForm(
        request.POST or None,
        instance=setting_of(training_id),
        initial=None if kept else {"title": _("结业证书"), "issuer": training.node_id, "counts_exempt": True},
        issuers=issuers_for(user, training),
    )
    if request.method == "POST" and form.is_valid():
        try:
            write_setting(training_id=training_id, wording=form.wording(), actor_id=user.pk, as_of=timezone.now())
        except UnableToDecide as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("已保存。已经发出的证书不变，以后发的用新写的。"))
            return redirect("certificates_setting", training_id)
    status = 422 if form.errors else 200
    return render(request, "certificates/setting.html", _setting_context(training, kept, form), status=status)


def _setting_context(training: Training, kept: CertificateSetting | None, form: SettingForm) -> dict[str, Any]:
    given = hours_together(training.pk)
    return {
        "tab": "branch",
        "training": training,
        "kept": kept,
        "form": form,
        "terms": terms_words(kept) if kept else "",
        "progress": progress_words(kept, looked_through(kept)) if kept and kept.is_on else "",
        "hours": hours_words(kept, given) if kept else "",
        "is_short": given is not None and given < training.hours_required,
        "facts": facts_of(_specimen_of(kept, given)) if kept else [],
        "count": holders(training_id=training.pk, node=training.node).count(),
        "back": reverse("certificates_training", args=[training.pk]),
    }


def _switched(request: HttpRequest, training: Training, *, on: bool) -> HttpResponse:
    try:
        switch(training_id=training.pk, on=on, actor_id=signed_in(request).pk, as_of=timezone.now())
    except UnableToDecide as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已开启，完成的人可以领证书了。") if on else _("已停止发证；已经发出的仍然有效。"))
    return redirect("certificates_setting", training.pk)


def _specimen_of(kept: CertificateSetting, given: Decimal | None) -> Content:
    """Return a certificate as it would be, of nobody who has all the hours that the training gives."""
    hours = given or Decimal(kept.training.hours_required or 1)
    finish = Finish((), (), hours, Decimal(0), has_taken_part=True)
    return content_for(
        setting=kept, name=_("（姓名）"), unit=_("（单位）"), number="0" * LENGTH, finish=finish, as_of=timezone.now()
    )


@require_GET
@never_cache
@role_required(Role.ORGANISER)
def specimen(request: HttpRequest, training_id: int) -> HttpResponse:
    """The certificate on paper as it would be, marked as a specimen; its code leads to no certificate."""
    training = _training_or_404(request, training_id)
    kept = setting_of(training_id)
    if kept is None:
        raise Http404
    try:
        sheet = sheet_of(request, _specimen_of(kept, hours_together(training_id)), mark=str(SPECIMEN))
        return printed([sheet], name=f"{SPECIMEN}-{training.title}")
    except UnableToPrint as error:
        messages.error(request, str(error))
        return redirect("certificates_setting", training_id)


@require_GET
@never_cache
@role_required(Role.ORGANISER)
@transaction.atomic
def review(request: HttpRequest, training_id: int) -> HttpResponse:
    """List the certificates that are no longer covered, and the one whose number is asked for; written down."""
    training, reader = _training_or_404(request, training_id), signed_in(request)
    lapses = list(lapses_of(training_id).exclude(certificate__member=reader)[: MOST_LISTED + 1])
    shown = lapses[:MOST_LISTED]
    typed = request.GET.get("number", "").strip()
    asked = certificate_by_number(typed) if typed else None
    if asked is not None and (asked.certificate.training_id != training_id or asked.certificate.member_id == reader.pk):
        asked = None
    named = [one.certificate.member_id for one in shown] + ([asked.certificate.member_id] if asked else [])
    if named:
        log_list(
            reader_id=reader.pk, node_id=training.node_id, member_ids=named, what="certificate", as_of=timezone.now(),
            role=Role.ORGANISER, about=training.pk, title=_("%(training)s · 证书") % {"training": training.title},
        )  # fmt: skip
    context = {
        "tab": "branch",
        "training": training,
        "rows": _lapse_rows(shown),
        "more": len(lapses) > MOST_LISTED,
        "typed": typed,
        "asked": _asked_row(asked) if asked else None,
        "back": reverse("certificates_training", args=[training_id]),
    }
    return render(request, "certificates/review.html", context)


def _lapse_rows(shown: list[CertificateLapse]) -> list[dict[str, Any]]:
    ids = {int(pk) for one in shown for pk, _state in one.lacking if pk}
    titles = {one.pk: one.title for one in occasions_by(ids)}
    return [
        {
            "name": one.certificate.member.name,
            "unit": one.certificate.node.name,
            "number": grouped(one.certificate.public_id),
            "words": lacking_words(one.lacking, titles),
            "pk": one.certificate_id,
        }
        for one in shown
    ]


def _asked_row(one: Issued) -> dict[str, Any]:
    state, words = standing_words(one)
    certificate = one.certificate
    name = one.content.name if one.content else certificate.member.name
    return {
        "name": name, "unit": certificate.node.name, "number": grouped(certificate.public_id),
        "words": [state, words], "pk": certificate.pk,
    }  # fmt: skip


def _certificate_or_404(request: HttpRequest, certificate_id: int) -> Issued:
    """Return a certificate to decide about, and write down that it was read, in the caller's transaction."""
    reader = signed_in(request)
    found = certificate_to_decide(reader, certificate_id)
    if found is None:
        raise Http404
    log_access(
        reader_id=reader.pk, subject_ids=[found.certificate.member_id], what="certificate", as_of=timezone.now(),
        role=Role.ORGANISER, once_in=ONE_VISIT,
    )  # fmt: skip
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ORGANISER)
@transaction.atomic
def withdraw_one(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Withdraw a certificate with a reason, or, asked from the same page, issue it anew."""
    found = _certificate_or_404(request, certificate_id)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw(
                certificate_id=certificate_id, reason=form.cleaned_data["reason"],
                withdrawn_by_id=signed_in(request).pk, as_of=timezone.now(),
            )  # fmt: skip
        except UnableToChangeCertificate as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("已撤回，本人会收到通知。"))
            return redirect("certificate_withdraw", certificate_id)
    state, words = standing_words(found)
    context = {
        "tab": "branch",
        "found": found,
        "state": state,
        "words": words,
        "form": form,
        "facts": facts_of(found.content) if found.content else [],
        "back": reverse("certificates_review", args=[found.certificate.training_id]),
    }
    return render(request, "certificates/withdraw.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.ORGANISER)
@transaction.atomic
def reissue_one(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """Issue somebody's certificate anew, as everything is now."""
    _certificate_or_404(request, certificate_id)
    try:
        new = reissue(certificate_id=certificate_id, issued_by_id=signed_in(request).pk, as_of=timezone.now())
    except UnableToChangeCertificate as error:
        messages.warning(request, str(error))
        return redirect("certificate_withdraw", certificate_id)
    messages.success(request, _("已经发出新的一张，本人会收到通知；旧的一张不再有效。"))
    return redirect("certificate_withdraw", new.pk)
