"""Parts of the editor's form that are no fields."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import Panel


class ChecklistPanel(Panel):
    """What the page lacks before it is published (cms/checklist.py), first in its form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"heading": _("发布前看一看"), "icon": "tasks", **kwargs})

    class BoundPanel(Panel.BoundPanel):
        template_name = "cms/admin/checklist_panel.html"
