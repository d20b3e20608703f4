"""The public check of a certificate by its number: what was issued, whether it stands, and nothing else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from certificates.core.number import MOST_TYPED, number_typed
from certificates.queries import certificate_by_number
from certificates.sentences import facts_of, standing_words
from organizations import limits
from organizations.address import client_address
from organizations.core.limits import network_of
from organizations.operations import UnableToTry


@require_safe
@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a number; lead to what was typed. What is no number at all is said here, with what was typed."""
    typed = request.GET.get("number", "").strip()
    if not typed:
        return _unlisted(render(request, "certificates/check_ask.html", {"tab": ""}))
    number = number_typed(typed)
    return _unlisted(redirect("certificate_check", number) if number else _unknown(request, typed))


@require_safe
@never_cache
def check(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a certificate says and whether it stands. What is no number and what nobody has look the same.

    Only those are counted: a town hall behind one address reads as many certificates as it has in hand, and nobody
    finds a number by trying.
    """
    found = certificate_by_number(number)
    if found is None:
        return _unlisted(_unknown(request, number))
    state, words = standing_words(found)
    context = {
        "tab": "", "found": found, "state": state, "words": words, "sha256": found.certificate.sha256,
        "facts": facts_of(found.content) if found.content else [], "canonical": found.certificate.content,
    }  # fmt: skip
    return _unlisted(render(request, "certificates/check.html", context))


def _unknown(request: HttpRequest, typed: str) -> HttpResponse:
    context = {"tab": "", "typed": typed[:MOST_TYPED]}
    try:
        limits.count("certificate", {"address": network_of(client_address(request))})
    except UnableToTry as error:
        words = _("核验次数过多，请在 %(when)s再试。") % {"when": limits.when_again(error)}
        answer = render(request, "certificates/check_ask.html", context | {"said": words}, status=429)
        answer.headers["Retry-After"] = str(limits.minutes_left(error) * 60)
        return answer
    words = _("没有查到这个编号的证书。请对照证书上的编号再输一次；扫码来的，请从证书上重新扫。")
    return render(request, "certificates/check_ask.html", context | {"said": words}, status=404)


def _unlisted(answer: HttpResponse) -> HttpResponse:
    """No search engine keeps it, and no address of it is told to another site."""
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
