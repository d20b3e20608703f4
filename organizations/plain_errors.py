"""What a form says of a mistake where the form itself says nothing: plain sentences instead of the framework's."""

from django import forms
from django.core import validators
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


def use_plain_words() -> None:
    """Put our sentences where every field and validator looks for its own; called once, before any form is made."""
    chosen = {"invalid_choice": _("请从列出的选项里选。")}
    for field in (forms.ChoiceField, forms.MultipleChoiceField, forms.ModelChoiceField, forms.ModelMultipleChoiceField):
        field.default_error_messages = {**field.default_error_messages, **chosen}
    validators.ProhibitNullCharactersValidator.message = _("里面有不能用的字符，请删掉再试。")
    validators.MaxValueValidator.message = _("最大填 %(limit_value)s。")
    validators.MinValueValidator.message = _("最小填 %(limit_value)s。")
    validators.MaxLengthValidator.message = ngettext_lazy(
        "最多写 %(limit_value)d 个字，现在是 %(show_value)d 个。",
        "最多写 %(limit_value)d 个字，现在是 %(show_value)d 个。",
        "limit_value",
    )
