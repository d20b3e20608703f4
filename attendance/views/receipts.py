"""Where the provider of text messages says what arrived: no page, no session; the secret in the address opens it."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from attendance.models import Channel
from attendance.operations.receipts import take_receipts
from organizations import limits
from organizations.core import receipts as core
from organizations.operations import UnableToTry


@csrf_exempt  # no browser session opens it: the secret does
@never_cache
@require_http_methods(["GET", "POST"])
def sms_receipts(request: HttpRequest, secret: str) -> HttpResponse:
    """Take receipts of text messages: 200 with the provider's own words of thanks, once they are written down.

    404 to whoever has not the secret, 400 where the body is not as the provider writes it, 429 for too many; a
    provider says again what was not answered by 200.
    """
    here = settings.SMS_RECEIPTS
    try:
        if not here.secret or not constant_time_compare(secret, here.secret):
            if here.secret:
                limits.try_receipt_secret(request)
            raise Http404
        limits.count("receipts", {"way": settings.SMS_WAY})
    except UnableToTry as error:
        return HttpResponse(status=429, headers={"Retry-After": str(limits.seconds_left(error))})
    if request.method == "GET" and here.template is None:  # GET: some gateways by template ask so
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        found = _read(request)
    except core.UnableToReadReceipts as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
    take_receipts(channel=Channel.SMS, receipts=found, as_of=timezone.now())
    return HttpResponse(here.answer, content_type=here.answer_type)


def _read(request: HttpRequest) -> list[core.Receipt]:
    template = settings.SMS_RECEIPTS.template
    if template is not None:
        query = request.META.get("QUERY_STRING", "")
        return core.of_template(template, content_type=request.content_type or "", body=request.body, query=query)
    return core.of_aliyun(request.body) if settings.SMS_WAY == "aliyun" else core.of_tencent(request.body)
