"""The plan of a meeting by video, as a secretary or an organiser fills it in."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from meetings.forms import GatheringForm


class OnlineForm(GatheringForm):
    """The plan of a meeting in person, but for the place; nothing is entered after the fact."""

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
