"""What members' browsers cannot play, in words for whoever manages the video."""

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import ngettext

from media.models import Video

register = template.Library()


@register.filter
def faults(video: Video) -> str:
    """Return how many people's phones cannot play a video, and since when the last; "" where all could. No query."""
    if not video.fault_count or video.fault_at is None:
        return ""
    return ngettext(
        "%(count)s 位党员的手机放不出这个视频（最近一次 %(at)s），请检查原文件，重新上传后换上。",
        "%(count)s 位党员的手机放不出这个视频（最近一次 %(at)s），请检查原文件，重新上传后换上。",
        video.fault_count,
    ) % {"count": video.fault_count, "at": date_format(timezone.localtime(video.fault_at), "Y-m-d H:i")}
