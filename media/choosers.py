"""Choosing a video in Wagtail's editor: ``VideoChooserBlock`` for lessons, ``video_chooser`` for forms and panels."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.chooser import (
    ChooseResultsView,
    ChooseView,
    ChosenMultipleView,
    ChosenView,
    CreateView,
)
from wagtail.admin.viewsets.chooser import ChooserViewSet

from media.models import Video
from media.queries import videos_for


def choosable(user: Any) -> QuerySet[Video]:
    """Videos that can be played, or will be when their work is done."""
    return videos_for(user).exclude(state=Video.State.FAILED)


class Choosable:
    """What this person may choose, and what one needs to tell two videos apart."""

    request: HttpRequest

    def get_object_list(self) -> QuerySet[Video]:
        return choosable(self.request.user)

    @property
    def columns(self) -> list[Column]:
        shown: list[Column] = super().columns  # type: ignore[misc]
        return [*shown, Column("state", label=_("状态"), accessor="get_state_display")]


class ChooseVideo(Choosable, ChooseView):
    pass


class ChooseVideoResults(Choosable, ChooseResultsView):
    pass


class ChosenVideo(ChosenView):
    def get_object(self, pk: str) -> Video:
        return choosable(self.request.user).get(pk=pk)


class ChosenVideos(ChosenMultipleView):
    def get_objects(self, pks: list[str]) -> QuerySet[Video]:
        return choosable(self.request.user).filter(pk__in=pks)


class NothingCreated(CreateView):
    """Videos are uploaded on their own page; Wagtail's create view would break without a form."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        raise Http404


class VideoChooserViewSet(ChooserViewSet):
    model = Video
    icon = "media"
    choose_one_text = _("选择视频")
    choose_another_text = _("换一个视频")
    edit_item_text = _("查看这个视频")
    choose_view_class = ChooseVideo
    choose_results_view_class = ChooseVideoResults
    chosen_view_class = ChosenVideo
    chosen_multiple_view_class = ChosenVideos
    create_view_class = NothingCreated
    per_page = 12


video_chooser = VideoChooserViewSet("video_chooser", url_prefix="videos/chooser")
VideoChooserBlock = video_chooser.get_block_class(name="VideoChooserBlock", module_path="media.choosers")
