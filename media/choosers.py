"""Choosing a video in Wagtail's editor: ``VideoChooserBlock`` for lessons, ``video_chooser`` for forms and panels.

``KeepsChoice`` is what every chooser block of ours has on top of Wagtail's (ADR 20): keys of any kind, and a choice
that nobody can show any more stays in the page instead of turning into nothing.
"""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column

from media.models import Video
from media.queries import videos_for
from organizations.choosers import Choose, ChooseResults, Listed, OwnChooserViewSet


def choosable(user: Any) -> QuerySet[Video]:
    """Videos that can be played, or will be when their work is done."""
    return videos_for(user).exclude(state=Video.State.FAILED)


RECORDINGS = "recordings"
"""As ``?kind=`` of the chooser: only what has no picture."""


class ListedVideos(Listed):
    """Only those without a picture where the page asks for them; told by how far each is."""

    def get_object_list(self) -> QuerySet[Video]:
        found = super().get_object_list()
        if self.request.GET.get("kind") != RECORDINGS:
            return found
        # As Video.has_picture; what is not processed yet may turn out to be one.
        described = found.annotate(described=Cast("renditions", TextField()))
        return described.exclude(described__contains='"kind": "video"')

    def told(self) -> list[Column]:
        return [Column("state", label=_("状态"), accessor="get_state_display")]


class ChooseVideo(ListedVideos, Choose):
    pass


class ChooseVideoResults(ListedVideos, ChooseResults):
    pass


class VideoChooserViewSet(OwnChooserViewSet):
    model = Video
    own = staticmethod(choosable)
    icon = "media"
    choose_one_text = _("选择视频")
    choose_another_text = _("换一个视频")
    edit_item_text = _("查看这个视频")
    choose_view_class = ChooseVideo
    choose_results_view_class = ChooseVideoResults
    preserve_url_parameters = ["multiple", "kind"]


# No database's key is larger; asking for one would be an error instead of an answer.
LARGEST_KEY = 2**63 - 1
# What stands where a preview of a lost picture would be.
NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


@dataclass(frozen=True)
class Unshown:
    """A choice that stands in a block but cannot be shown: the thing is gone, or it is not this editor's to choose.

    It is false, so that pages leave it out; it is not None, so that saving the page keeps what stood there. ``pk`` is
    the key as the page stores it, ``words`` what the editor reads instead of a title.
    """

    pk: Any
    words: Any
    refused: bool = False

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return str(self.words)


def key_of(model: Any, value: Any) -> Any:
    """Return the database's key for what a page or a form holds, or None when it cannot be one."""
    try:
        key = model._meta.pk.to_python(value)  # noqa: SLF001 - Django documents it
    except ValidationError:
        return None
    return None if isinstance(key, int) and not 0 < key <= LARGEST_KEY else key


class KeepsChoice:
    """Mixin before a Wagtail chooser block. The block's value is an object, ``Unshown``, or None for no choice.

    Wagtail looks objects up by what the page's JSON holds; a UUID is text there, so it finds none of them, shows an
    empty chooser and fails when it has to write the key as JSON (wagtail#4616, #6509, #10856).
    """

    gone_words: Any = _("这里选的内容已不在了")
    refused_words: Any = _("这里选的内容不存在，或者不归您使用。请另选一个。")
    missing_words: Any = _("这里还没有选。请选一个，或删掉这一块。")
    model_class: Any
    widget: Any

    @cached_property
    def field(self) -> Any:
        field = super().field  # type: ignore[misc]
        field.error_messages |= {"required": self.missing_words, "invalid_choice": self.refused_words}
        return field

    def stored(self, key: Any) -> Any:
        """Return a key as JSON takes it."""
        return key if isinstance(key, int) else str(key)

    def to_python(self, value: Any) -> Any:
        return self.bulk_to_python([value])[0]

    def bulk_to_python(self, values: Iterable[Any]) -> list[Any]:
        """Return an object for each key of a page, in their order: one query whatever their number."""
        keys = [None if value is None else key_of(self.model_class, value) for value in values]
        found = self.model_class.objects.in_bulk({key for key in keys if key is not None})
        return [self._shown(key, found) for key in keys]

    def _shown(self, key: Any, found: dict[Any, Any]) -> Any:
        if key is None:
            return None
        # Each block gets an object of its own, as Wagtail promises.
        return copy.copy(found[key]) if key in found else Unshown(self.stored(key), self.gone_words)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Unshown):
            return None if value.refused else value.pk
        return None if value is None else self.stored(value.pk)

    def value_from_form(self, value: Any) -> Any:
        if value is None or isinstance(value, self.model_class):
            return value
        key = key_of(self.model_class, value)
        return self.refusal() if key is None else self.bulk_to_python([key])[0]

    def refusal(self) -> Unshown:
        """Return what a choice becomes that this editor may not make: no title, no key, and ``clean`` says why."""
        return Unshown("", self.refused_words, refused=True)

    def clean(self, value: Any) -> Any:
        if isinstance(value, Unshown):
            if value.refused:
                raise ValidationError(str(value))
            return value
        return super().clean(value)  # type: ignore[misc]

    def get_form_state(self, value: Any) -> Any:
        """Return what the editor's script shows; JSON only."""
        if isinstance(value, Unshown):
            return None if value.refused else self.unshown_state(value)
        state = self.widget.get_value_data(value)
        return {**state, "id": self.stored(state["id"])} if state else state

    def unshown_state(self, value: Unshown) -> dict[str, Any]:
        return {"id": value.pk, "edit_url": None, "title": str(value), "preview": self.no_preview}

    no_preview = {"url": NO_PICTURE, "width": 1, "height": 1}

    def extract_references(self, value: Any) -> Iterator[tuple[Any, str, str, str]]:
        if value:
            yield self.model_class, str(value.pk), "", ""


video_chooser = VideoChooserViewSet("video_chooser", url_prefix="videos/chooser")
_Chooser: Any = video_chooser.widget_class


class RecordingChooser(_Chooser):
    """The videos' own chooser, for a recording."""

    choose_one_text = _("选择录音")
    choose_another_text = _("换一段录音")
    link_to_chosen_text = _("查看这段录音")

    def get_chooser_modal_url(self) -> str:
        return f"{super().get_chooser_modal_url()}?kind={RECORDINGS}"


_ChooserBlock: Any = video_chooser.get_block_class(name="_ChooserBlock", module_path="media.choosers")


class VideoChooserBlock(KeepsChoice, _ChooserBlock):
    """A video of a lesson."""

    gone_words = _("这个视频已不在了")
    refused_words = _("这个视频不存在，或者不归您使用。请另选一个视频。")
    missing_words = _("这里还没有选视频。请选一个，或删掉这一块。")

    class Meta:
        icon = "media"
