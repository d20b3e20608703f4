"""What members' browsers cannot play, in words for whoever manages the video."""

from django import template
from django.utils.translation import ngettext

from media.models import Video

register = template.Library()


@register.filter
def faults(video: Video) -> str:
    """Return how many people's phones cannot play a video, with the next step; "" where all could. No query."""
    if not video.fault_count:
        return ""
    return ngettext(
        "%(count)s 位党员的手机放不出这个视频，请检查原文件，重新上传后换上。",
        "%(count)s 位党员的手机放不出这个视频，请检查原文件，重新上传后换上。",
        video.fault_count,
    ) % {"count": video.fault_count}
