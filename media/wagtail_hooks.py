"""The video screens in Wagtail's admin (views/admin.py) and the video chooser (choosers.py)."""

from wagtail import hooks

from media.choosers import video_chooser
from media.views.admin import VideoViewSet


@hooks.register("register_admin_viewset")
def register_videos() -> list[object]:
    return [VideoViewSet(), video_chooser]
