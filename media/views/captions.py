"""The captions of one video: upload, replace, shift, download, delete; for whoever may look at it and manage it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from media.core.captions import MAX_BYTES, UnableToReadCaptions, write_vtt
from media.core.clock import clock
from media.models import Video
from media.operations import Kept, UnableToKeepCaptions, delete_captions, shift_captions, upload_captions
from media.permissions import may_preview_video
from media.queries import captions_of, previewable_for, shown_cues
from media.sentences import captions_reason

ROWS_SHOWN = 200


def page_url(video: Video, user: Any) -> str:
    """The address of the captions of a video for somebody; "" where they are not this person's to change."""
    return reverse("videos:captions", args=[video.pk]) if may_preview_video(user.pk, str(video.pk)) else ""


def _own_video(request: HttpRequest, pk: UUID) -> Video:
    video = previewable_for(request.user).filter(pk=pk).first()
    if video is None or not may_preview_video(request.user.pk or 0, str(pk)):
        raise Http404
    return video


@require_http_methods(["GET", "HEAD", "POST"])
def captions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """See the captions of a video and change them; ``act``: "upload", "shift" or "delete"."""
    video = _own_video(request, pk)
    error, shift = "", request.POST.get("shift", "")
    if request.method == "POST":
        try:
            _act(request, video, shift)
        except UnableToReadCaptions as refused:
            error = captions_reason(refused.code, refused.line)
        except UnableToKeepCaptions as refused:
            error = captions_reason(refused.code)
        else:
            return redirect("videos:captions", pk)
    found = captions_of(video.pk)
    cues = shown_cues(found, duration_ms=video.duration_ms) if found else []
    page = {
        "video": video,
        "captions": found,
        "rows": [{"at": clock(cue.start_ms), "text": cue.text} for cue in cues[:ROWS_SHOWN]],
        "count": len(cues),
        "more": max(0, len(cues) - ROWS_SHOWN),
        "error": error,
        "shift": shift or (f"{found.shift_ms / 1000:g}" if found else "0"),
        "page_title": _("字幕"),
    }
    return render(request, "media/admin/captions.html", page, status=400 if error else 200)


@require_GET
def download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The captions as they are shown, as a WebVTT file."""
    video = _own_video(request, pk)
    found = captions_of(video.pk)
    if found is None:
        raise Http404
    response = HttpResponse(write_vtt(shown_cues(found, duration_ms=video.duration_ms)), content_type="text/vtt")
    response["Content-Disposition"] = 'attachment; filename="captions.vtt"'
    response["Cache-Control"] = "no-store"
    return response


def _act(request: HttpRequest, video: Video, shift: str) -> None:
    """Do what was asked for. Raises UnableToReadCaptions or UnableToKeepCaptions."""
    act, actor_id, now = request.POST.get("act", ""), request.user.pk or 0, timezone.now()
    if act == "upload":
        file = request.FILES.get("file")
        if file is None:
            raise UnableToReadCaptions("missing")
        data = file.read(MAX_BYTES + 1)
        kept = upload_captions(video_id=video.pk, data=data, name=file.name or "", actor_id=actor_id, as_of=now)
        messages.success(request, _said(kept))
    elif act == "shift":
        shift_ms = _milliseconds(shift)
        kept = shift_captions(video_id=video.pk, shift_ms=shift_ms, actor_id=actor_id, as_of=now)
        messages.success(request, _shifted(kept, shift_ms))
    elif act == "delete":
        delete_captions(video_id=video.pk, actor_id=actor_id)
        messages.success(request, _("字幕已删除，播放时不再显示。"))
    else:
        messages.warning(request, _("刚才那一步没有提交，请再点一次。"))


def _milliseconds(text: str) -> int:
    """Seconds as somebody writes them. Raises UnableToKeepCaptions."""
    try:
        return round(float(text.strip().replace("，", ".").replace("−", "-")) * 1000)
    except (ValueError, OverflowError) as error:
        raise UnableToKeepCaptions("shift") from error


def _said(kept: Kept) -> str:
    words = ngettext("字幕已保存，共 %(n)s 条。", "字幕已保存，共 %(n)s 条。", kept.shown)
    return words % {"n": kept.shown} + _outside(kept)


def _shifted(kept: Kept, shift_ms: int) -> str:
    words = _("字幕已整体推迟 %(s)s 秒。") if shift_ms > 0 else _("字幕已整体提前 %(s)s 秒。")
    said = words % {"s": f"{Decimal(abs(shift_ms)) / 1000:f}"} if shift_ms else _("字幕的时间已恢复原样。")
    return said + _outside(kept)


def _outside(kept: Kept) -> str:
    if not kept.outside:
        return ""
    words = ngettext("另有 %(n)s 条在视频以外，不显示。", "另有 %(n)s 条在视频以外，不显示。", kept.outside)
    return words % {"n": kept.outside}
