"""Another file in the place of a picture or document that lessons show: said, and asked, before it is so."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from attendance.asking import agreement_to
from organizations.uses import changed_with

AGREED = "agreed"


class AsksBeforeReplacing(forms.BaseForm):
    """Mixed into Wagtail's form of a picture or document in the library.

    What uses it stands beside the file from the beginning, with a box to tick: a browser forgets a chosen file when the
    form comes back, so that a question afterwards would ask for it again. The box is worth exactly these sentences.
    """

    instance: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        user = kwargs.get("user")
        super().__init__(*args, **kwargs)
        self.touched: list[str] = []
        if self.instance.pk is None or "file" not in self.fields or user is None:
            return
        self.touched = [use.text for use in changed_with(self.instance, user=user, as_of=timezone.now())]
        if self.touched:
            lines = format_html_join("", "<li>{}</li>", ([text] for text in self.touched))
            self.fields[AGREED] = forms.CharField(
                required=False,
                label=_("换文件"),
                help_text=format_html("{}<ul>{}</ul>", _("换了文件，下面这些地方马上都用新的："), lines),
                widget=forms.CheckboxSelectMultiple(choices=[(agreement_to(self.touched), _("我知道了，换文件"))]),
            )

    def clean(self) -> Any:
        cleaned = super().clean()
        agreed = self.data.get(AGREED, "")
        if self.touched and "file" in self.changed_data and agreed != agreement_to(self.touched):
            words = _("还没有换：请先看“换文件”下面写的，勾选“我知道了”，再选一次文件。")
            self.add_error("file", ValidationError(words, code="ask"))
        return cleaned
