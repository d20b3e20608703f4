"""A package as a block of a lesson. Its template asks ``links.package(package)`` of whoever shows the lesson
(cms/blocks.py)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from media.choosers import KeepsChoice
from packages.choosers import package_chooser

_ChooserBlock: Any = package_chooser.get_block_class(name="_ChooserBlock", module_path="packages.blocks")


class PackageChooserBlock(KeepsChoice, _ChooserBlock):
    """A SCORM package."""

    gone_words = _("这个课件包已不在了")
    refused_words = _("这个课件包不存在，或者不归您使用。请另选一个。")
    missing_words = _("这里还没有选课件包。请选一个，或删掉这一块。")

    class Meta:
        icon = "doc-full-inverse"
        label = _("课件包")
        description = _("制作软件导出的 SCORM 课件，在课里点开就学")
        preview_template = "packages/block_example.html"
        template = "packages/block.html"
