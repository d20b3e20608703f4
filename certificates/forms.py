"""Forms of the certificates' pages. They read what people type; whether it may be done, the views ask permissions."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from attendance.core.text import as_it_reads
from certificates.models import CertificateSetting
from certificates.operations import Wording
from certificates.operations.life import MOST_REASON
from organizations.models import Node


class SettingForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the certificates of a training say, and what they ask for."""

    class Meta:
        model = CertificateSetting
        fields = ("title", "text", "issuer", "counts_excused", "counts_exempt")
        help_texts = {
            "title": _("例如：结业证书、学习证明。"),
            "text": _("印在正文下面，可以不写。例如：学习期满，成绩合格，准予结业。"),
            "counts_excused": _("不勾的，请假的人补学以后才有证书。"),
        }
        error_messages = {
            "title": {"required": _("请写证书名称，例如“结业证书”。")},
            "issuer": {"required": _("请选颁发单位。"), "invalid_choice": _("请选列出来的颁发单位。")},
        }

    def __init__(self, *args: Any, issuers: Sequence[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["issuer"]
        field.queryset = Node.objects.filter(pk__in=[one.pk for one in issuers]).order_by("path")
        field.empty_label = None

    def clean_title(self) -> str:
        title = " ".join(as_it_reads(str(self.cleaned_data["title"])).split())
        if not title:
            raise forms.ValidationError(self.fields["title"].error_messages["required"])
        return title

    def clean_text(self) -> str:
        return " ".join(str(self.cleaned_data["text"]).split())

    def wording(self) -> Wording:
        said = self.cleaned_data
        return Wording(said["title"], said["text"], said["issuer"].pk, said["counts_excused"], said["counts_exempt"])


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("撤回的原因"),
        max_length=MOST_REASON,
        help_text=_("本人会看到；核验网页上只写已撤回和日期，不写原因。"),
        error_messages={"required": _("请写明撤回的原因。")},
        widget=forms.Textarea(attrs={"rows": 2}),
    )
