"""``POST /videos/<id>/fault``: a viewer's browser says that it cannot decode a video that it may watch."""

from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from media.operations import UnableToNoteFault, note_fault
from media.rights import may_read
from organizations.models import User

STATUS = {"gone": 404, "too_many": 429}


@require_POST
@never_cache
def fault(request: HttpRequest, video_id: UUID) -> JsonResponse:
    """Count the person, once; 401 signed out, 404 where they may not watch it, 429 past what anybody watches a day."""
    user, now = request.user, timezone.now()
    if not isinstance(user, User) or not user.is_active:
        return JsonResponse({"error": "signed_out", "message": _("登录已过期，请重新登录。")}, status=401)
    if not may_read(root="videos", object_id=str(video_id), viewer_id=user.pk, as_of=now):
        return JsonResponse({"error": "gone", "message": _("没有找到。")}, status=404)
    try:
        note_fault(video_id=video_id, member_id=user.pk, as_of=now)
    except UnableToNoteFault as error:
        answer = JsonResponse({"error": error.code, "message": str(error)}, status=STATUS[error.code])
        if error.code == "too_many":
            answer["Retry-After"] = "3600"
        return answer
    return JsonResponse({"noted": True})
