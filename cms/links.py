"""Links in texts lead out of the site only: a page has no address of its own (cms/models.py), so none leads to one."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from draftjs_exporter.dom import DOM
from wagtail import hooks
from wagtail.admin.rich_text.converters.html_to_contentstate import ExternalLinkElementHandler
from wagtail.admin.rich_text.editors.draftail.features import EntityFeature
from wagtail.rich_text.pages import PageLinkHandler
from wagtail.whitelist import check_url

NAMES = ("external", "email", "phone", "anchor")


class NoPageLink(PageLinkHandler):
    """What an older text, or one written by hand, links to inside the site: its words stay, and lead nowhere."""

    @classmethod
    def expand_db_attributes_many(cls, attrs_list: list[dict[str, Any]]) -> list[str]:
        return ["<a>" for _attrs in attrs_list]


def link_out(props: Mapping[str, Any]) -> Any:
    """Store a link of the editor: one to a page, or to nowhere, only as its words."""
    url = check_url(props.get("url") or "")
    if props.get("id") is not None or not url:
        return props["children"]
    return DOM.create_element("a", {"href": url}, props["children"])


@hooks.register("register_rich_text_features", order=100)  # after Wagtail's own
def links_lead_out(features: Any) -> None:
    choosers = {f"{name}LinkChooser": reverse_lazy(f"wagtailadmin_choose_page_{name}_link") for name in NAMES}
    plugin = EntityFeature(
        {
            "type": "LINK",
            "icon": "link",
            "description": _("链接"),
            "attributes": ["url"],
            "allowlist": {"href": "^(http:|https:|mailto:|#|undefined$)"},
            # The editor opens the first for a new link.
            "chooserUrls": {"pageChooser": choosers["externalLinkChooser"], **choosers},
        },
        js=["wagtailadmin/js/page-chooser-modal.js"],
    )
    features.register_editor_plugin("draftail", "link", plugin)
    features.register_link_type(NoPageLink)
    features.register_converter_rule(
        "contentstate",
        "link",
        {
            "from_database_format": {"a[href]": ExternalLinkElementHandler("LINK")},
            "to_database_format": {"entity_decorators": {"LINK": link_out}},
        },
    )
