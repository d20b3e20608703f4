"""Forms of the back office: a course belongs to one's own organisations."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminPageForm

from cms.permissions import editable_nodes


class CoursePageForm(WagtailAdminPageForm):
    """Offers only the organisations for which the editor may write courses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "node" in self.fields:
            nodes = editable_nodes(self.for_user).filter(Q(closed_date=None) | Q(pk=self.instance.node_id))
            self.fields["node"].queryset = nodes
            self.fields["node"].empty_label = _("请选择")
            if not self.instance.node_id:
                self.fields["node"].initial = nodes.values_list("pk", flat=True).first()
