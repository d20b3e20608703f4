"""The video screens in Wagtail's admin: list, upload with progress, state, retry, rename, delete."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.ui.components import MediaContainer
from wagtail.admin.ui.tables import Column, Table
from wagtail.admin.views import generic
from wagtail.admin.views.generic import history
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets import AdminAutoHeightTextInput

from media.core.clock import clock
from media.forms import ChaptersField, mark_of
from media.models import Upload, Video
from media.operations import UnableToDeleteVideo, UnableToRetry, delete_video, retry_video
from media.permissions import may_preview_video, may_upload
from media.queries import (
    UPLOADERS,
    Outlook,
    managed_by,
    outlooks,
    playback,
    previewable_for,
    sent_lately,
    unfinished_uploads,
)
from media.sentences import outlook_words, upload_words, video_reason
from media.views import captions
from organizations.belonging import homes_for, workplaces_of
from organizations.models import Role
from organizations.permissions import has_role
from organizations.queries import nodes_where
from organizations.unit_choice import WORK, choose_unit
from organizations.uses import uses_of

MAX_ASKED = 100
SENT_SHOWN = 50


class OwnVideos:
    """Only what this person may manage exists for them."""

    request: HttpRequest

    def get_queryset(self) -> QuerySet[Video]:
        return managed_by(self.request.user)


class StateColumn(Column):
    cell_template_name = "media/admin/state_cell.html"

    def get_cell_context_data(self, instance: Video, parent_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        outlook = parent_context["table"].outlooks.get(instance.pk)
        return {**context, "video": instance, "reason": video_reason(instance), "work": outlook_words(outlook)}


class VideoList(generic.IndexView):
    add_item_label = gettext_lazy("上传视频")

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(*args, **kwargs), **_page(self.request.user)}

    def get_table(self, object_list: Any) -> Table:
        table = super().get_table(object_list)
        table.outlooks = outlooks([video.pk for video in object_list], as_of=timezone.now())
        return table

    def get_base_queryset(self) -> QuerySet[Video]:
        return managed_by(self.request.user)


class WithoutStatus:
    """No panel at the side: Wagtail's says "published" and "used 0 times", and its index knows nothing of either."""

    def get_side_panels(self) -> MediaContainer:
        return MediaContainer([])


class AddVideo(WithoutStatus, generic.CreateView):
    """The upload page. It is not a form: the bytes go to ``/uploads/``, piece by piece."""

    template_name = "media/admin/add.html"
    page_title = gettext_lazy("上传视频")

    def get_page_subtitle(self) -> str:
        return ""

    def get_breadcrumbs_items(self) -> list[dict[str, str]]:
        """The last of them is what the page's head shows; Wagtail's own would be "New:" and no name."""
        items: list[dict[str, str]] = super().get_breadcrumbs_items()
        return [*items[:-1], {"url": "", "label": str(self.page_title)}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user_id, now = self.request.user.pk, timezone.now()
        unfinished = list(unfinished_uploads(owner_id=user_id).filter(expires_at__gt=now).order_by("-created_at"))
        rows = [{"upload": upload, "percent": _percent(upload)} for upload in unfinished]
        page = {"endpoint": reverse("upload_create"), "unfinished": rows, **_page(self.request.user)}
        page["upload_page"] |= {
            "limit": settings.MEDIA_MAX_UPLOAD_BYTES,
            "unfinished": [_known(upload, upload.title) for upload in unfinished],
            "sent": [_known(one, str(one.video)) for one in sent_lately(owner_id=user_id, as_of=now)[:SENT_SHOWN]],
        }
        return {**super().get_context_data(**kwargs), **page}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.http_method_not_allowed(request, *args, **kwargs)


class VideoForm(WagtailAdminModelForm):
    """The title, the chapters, and to which unit it belongs: one where whoever asks organises, or next below."""

    chapters = ChaptersField(
        label=gettext_lazy("章节"),
        required=False,
        max_length=10_000,
        widget=AdminAutoHeightTextInput(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "每行一章：先写时间，再写标题，如“01:30 三种常见骗局”。写在播放器下面，点一下就跳到那里。"
        ),
    )

    data: Any

    # The mark of what stood there when the page was opened.
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    class Meta:
        model = Video
        fields = ("title", "chapters", "node")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._chapters()
        self._homes()
        asked = self.fields.keys() & {"title", "chapters", "node"}
        self.held = mark_of({name: self.instance.serializable_value(name) for name in asked})
        self.initial["seen"] = self.held

    def clean(self) -> Any:
        """A newer version is not overwritten unseen: the form is not valid once, and says so; sent again it is."""
        cleaned = super().clean()
        if (self.cleaned_data.get("seen") or self.held) != self.held:
            self.data = self.data.copy()
            self.data[self.add_prefix("seen")] = self.held
            raise ValidationError(
                _(
                    "您打开这一页以后，这里又保存过一次。您写的都还在下面：请先在新窗口里打开这一页看看；再保存一次，就以您的为准。"
                )
            )
        return cleaned

    def _homes(self) -> None:
        offered = Q(pk__in=homes_for(self.for_user).values("pk"))
        if self.instance.created_by_id == self.for_user.pk:
            offered |= Q(pk__in=workplaces_of(self.for_user, roles=UPLOADERS).values("pk"))
        nodes = nodes_where(offered | Q(pk=self.instance.node_id))
        if not nodes.exclude(pk=self.instance.node_id).exists() and not has_role(self.for_user, Role.ORGANISER):
            del self.fields["node"]
            return
        empty = "" if self.instance.node_id else _("不填就只归上传的人")
        node = choose_unit(self, "node", nodes, scope=WORK, empty=empty)
        node.required = self.instance.node_id is not None
        node.help_text = _("归哪个组织，那里和上级的组织员就能管理它；上传的人调走了也不会没人管。")

    def _chapters(self) -> None:
        """Whoever may not look at the video does not divide it."""
        if not may_preview_video(self.for_user.pk, str(self.instance.pk)):
            del self.fields["chapters"]
            return
        self.fields["chapters"].within_ms = self.instance.duration_ms


class EditVideo(WithoutStatus, OwnVideos, generic.EditView):
    template_name = "media/admin/edit.html"

    def get_object(self, queryset: Any = None) -> Video:
        return super().get_object(queryset if queryset is not None else self.get_queryset())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        video = self.object
        return {
            **super().get_context_data(**kwargs),
            **_page(self.request.user),
            "reason": video_reason(video),
            "work": outlook_words(outlooks([video.pk], as_of=timezone.now()).get(video.pk)),
            "uses": uses_of(self.object, user=self.request.user, as_of=timezone.now()),
            "retry_url": reverse("videos:retry", args=[self.object.pk]),
            "captions_url": captions.page_url(self.object, self.request.user),
        }


class DeleteVideo(OwnVideos, generic.DeleteView):
    """What still needs it is said before (courses/guard.py); what came in between, by the operation."""

    usage_url_name = None

    def get_usage_url(self) -> None:
        return None

    def form_valid(self, form: Any) -> HttpResponseBase:
        try:
            delete_video(video_id=self.object.pk, as_of=timezone.now(), actor_id=self.request.user.pk)
        except UnableToDeleteVideo as error:
            messages.error(self.request, str(error))
            return redirect("videos:index")
        messages.success(self.request, _("已删除“%(title)s”。") % {"title": self.object.title})
        return redirect("videos:index")


class OwnVideo:
    """As OwnVideos, for the views that look an object up by themselves."""

    request: HttpRequest
    pk: Any

    def get_object(self) -> Video:
        video = managed_by(self.request.user).filter(pk=self.pk).first()
        if video is None:
            raise Http404
        return video


class VideoUsage(OwnVideo, generic.UsageView):
    """What needs the video, from our own table: Wagtail's index knows none of it."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = uses_of(self.object, user=request.user, as_of=timezone.now())
        page = {"video": self.object, "uses": found, "back": reverse("videos:edit", args=[self.object.pk])}
        return render(request, "media/admin/usage.html", page)


class VideoHistory(OwnVideo, history.HistoryView):
    pass


def _percent(upload: Upload) -> int:
    return 100 * upload.offset // upload.length


def _known(upload: Upload, title: str) -> dict[str, Any]:
    """A file that this person has sent, or begun to, as the upload page recognises it when it is chosen again."""
    url = reverse("upload", args=[upload.pk])
    about = {"name": upload.filename, "size": upload.length, "title": title}
    return {**about, "url": url, "percent": _percent(upload)}


def _page(user: Any) -> dict[str, Any]:
    """What the island needs on every page: where to ask, whose browser memory it is, and its words."""
    return {
        "upload_page": {"status": reverse("videos:status"), "user": user.pk, "videos": reverse("videos:index")},
        "upload_words": upload_words(),
    }


def describe(video: Video, user: Any, *, may_preview: bool, outlook: Outlook | None) -> dict[str, Any]:
    """One video as the pages' script gets it; the preview's address only once it can be played, by this person.

    ``work`` says what is still being made, also of one that can be played already.
    """
    is_shown = may_preview and video.state == Video.State.READY
    shown = playback(video=video, viewer_id=user.pk, as_of=timezone.now()) if is_shown else None
    return {
        "id": str(video.pk),
        "state": video.state,
        "label": str(video.get_state_display()),
        "progress": video.progress,
        "work": outlook_words(outlook),
        "message": video_reason(video),
        "retry": video.state == Video.State.FAILED or video.lacks_rungs,
        "hls": shown.hls_url if shown else "",
        "poster": shown.poster_url if shown else "",
        "url": reverse("videos:edit", args=[video.pk]),
    }


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """``?id=…&id=…``: the state of these videos; those of others are not in the answer."""
    _require_uploader(request.user)
    try:
        asked = [UUID(value) for value in request.GET.getlist("id")[:MAX_ASKED]]
    except ValueError as error:
        raise Http404 from error
    videos = managed_by(request.user).filter(pk__in=asked)
    mine = set(previewable_for(request.user).filter(pk__in=asked).values_list("pk", flat=True))
    work = outlooks(asked, as_of=timezone.now())
    rows = [describe(video, request.user, may_preview=video.pk in mine, outlook=work.get(video.pk)) for video in videos]
    response = JsonResponse({"videos": rows})
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Queue a failed video again and go back to its page."""
    _require_uploader(request.user)
    if not managed_by(request.user).filter(pk=pk).exists():
        raise Http404
    try:
        retry_video(video_id=pk)
    except UnableToRetry:
        messages.warning(request, _("这个视频现在不能重试：可能已在处理，或者原文件已不在服务器上。"))
    else:
        messages.success(request, _("已让它重新处理，状态见下。又失败了，请按说明换一个文件，重新上传。"))
    return redirect("videos:edit", pk)


def _require_uploader(user: Any | AnonymousUser) -> None:
    if not may_upload(user):
        raise Http404


class VideoViewSet(ModelViewSet):
    model = Video
    name = "videos"
    icon = "media"
    menu_label = gettext_lazy("视频")
    menu_order = 250
    add_to_admin_menu = True
    copy_view_enabled = False
    list_display = (
        "title",
        StateColumn("state", label=gettext_lazy("状态")),
        Column("duration", label=gettext_lazy("时长"), accessor=lambda video: duration(video.duration_ms)),
        Column("node", label=gettext_lazy("所属组织"), accessor=lambda video: video.node or ""),
        Column("created_by", label=gettext_lazy("上传人"), accessor=lambda video: video.created_by or ""),
        Column("created_at", label=gettext_lazy("上传时间"), accessor=lambda video: moment(video)),
    )
    list_filter = ("state",)
    search_fields = ("title",)
    ordering = "-created_at"
    list_per_page = 20
    index_template_name = "media/admin/index.html"
    create_template_name = "media/admin/add.html"
    edit_template_name = "media/admin/edit.html"
    index_view_class = VideoList
    add_view_class = AddVideo
    edit_view_class = EditVideo
    delete_view_class = DeleteVideo
    usage_view_class = VideoUsage
    history_view_class = VideoHistory

    def get_form_class(self, for_update: bool = False) -> type[VideoForm]:
        return VideoForm

    def get_urlpatterns(self) -> list[Any]:
        own = [
            path("status/", status, name="status"),
            path("retry/<uuid:pk>/", retry, name="retry"),
            path("captions/<uuid:pk>/", captions.captions, name="captions"),
            path("captions/<uuid:pk>/file/", captions.download, name="captions_download"),
        ]
        # Wagtail's menu leads to the first of them.
        return [*super().get_urlpatterns(), *own]


def duration(milliseconds: int | None) -> str:
    """``1:02:03`` or ``2:03``; empty while it is not known."""
    return "" if milliseconds is None else clock(milliseconds)


def moment(video: Video) -> str:
    return str(date_format(timezone.localtime(video.created_at), "Y-m-d H:i"))
