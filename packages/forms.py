"""The forms of the office: bring a package in; name it anew, and put another file in its place."""

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.models import Node
from organizations.unit_choice import own_unit
from packages.core.manifest import LONGEST_TITLE


class WeighedInput(forms.ClearableFileInput):
    """Its island (frontend/src/weigh) tells of a file that is too large before it is sent."""

    class Media:
        js = ["js/weigh.js"]


class PackageForm(forms.Form):
    """``nodes``: the units to choose from for a new package; without them an old one is changed."""

    title = forms.CharField(
        label=gettext_lazy("名称"), max_length=LONGEST_TITLE,
        error_messages={"required": gettext_lazy("请写名称。")},
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("课件包"),
        error_messages={
            "required": gettext_lazy("请选课件包。"),
            "empty": gettext_lazy("课件包是空的。请重新导出。"),
        },
        widget=WeighedInput(attrs={"accept": ".zip,application/zip"}),
    )

    def __init__(self, *args: Any, nodes: QuerySet[Node] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = {"most": settings.PACKAGE_MAX_BYTES // 2**20}
        self.too_large = _("课件包太大：最多 %(most)s MB，没有上传。请把里面的视频换小，或者另传成视频。") % most
        file, title = self.fields["file"], self.fields["title"]
        file.help_text = _("制作软件导出的 SCORM 1.2 或 2004 的 zip，最大 %(most)s MB；不要解压再压缩。") % most
        file.widget.attrs.update({"data-most-bytes": settings.PACKAGE_MAX_BYTES, "data-too-large": self.too_large})
        if nodes is None:
            file.required = False
            file.label = _("换一个文件")
            return
        title.required = False
        title.help_text = _("不写的，用课件自己的名称。")
        self.fields["node"] = own_unit(nodes)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > settings.PACKAGE_MAX_BYTES:
            raise forms.ValidationError(self.too_large)
        return file
