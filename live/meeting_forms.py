"""What is filled in about a meeting by video: its plan, and why its recording is deleted."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from live.models import Lecture
from live.operations import UnableToDropRecording, drop_meeting_recording
from live.operations.meeting_recording import MOST_REASON
from meetings.forms import GatheringForm


class OnlineForm(GatheringForm):
    """The plan of a meeting in person, but for the place; nothing is entered after the fact."""

    standing_rule = _("与现场会议相同的规则")
    has_lobby = forms.BooleanField(
        label=_("设等候室"), required=False, help_text=_("来的人先等着，主持人一个一个让进来；等候的时间不算参会。")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["place"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        with translation.override(settings.LANGUAGE_CODE):  # stored once, read by everybody
            cleaned["place"] = str(_("线上"))
        return cleaned

    def effects_of_saving(self) -> list[str]:
        return []


class DropRecordingForm(forms.Form):
    """Why a meeting's recording is deleted."""

    reason = forms.CharField(
        label=_("原因"), max_length=MOST_REASON, help_text=_("写进后台日志，比如：录到了与会议无关的内容。")
    )

    def save(self, lecture: Lecture, *, actor_id: int, as_of: dt.datetime) -> bool:
        """Delete it; False when that was refused, with the reason."""
        reason = self.cleaned_data["reason"]
        try:
            drop_meeting_recording(occasion_id=lecture.pk, reason=reason, actor_id=actor_id, as_of=as_of)
        except UnableToDropRecording as error:
            self.add_error("reason", str(error))
            return False
        return True
