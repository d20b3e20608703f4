"""The back office in the product's colours and words, and in the order of the work; back to the site with one click.

Name, logo and titles stand in templates/wagtailadmin/, the words that Wagtail lacks in locale/zh_Hans.
"""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.action_menu import SubmitForModerationMenuItem, WorkflowMenuItem
from wagtail.admin.forms import choosers
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.pages.edit import EditView

from cms.review import APPROVE, REJECT

# What ends a review, in the words of the rest.
MENU = {"action-cancel-workflow": _("撤回审核")}
# Begins a sent-back review anew, as handing it in once more does: one entry for it is enough.
SECOND_WAY = "action-restart-workflow"

# Wagtail left the names of these fields to be made from their English keys.
LABELS = {
    "link_text": _("链接的文字"),
    "email_address": _("邮箱地址"),
    "subject": _("邮件主题"),
    "body": _("邮件正文"),
    "phone_number": _("电话号码"),
}
FORMS = (
    choosers.ExternalLinkChooserForm,
    choosers.AnchorLinkChooserForm,
    choosers.EmailLinkChooserForm,
    choosers.PhoneLinkChooserForm,
)
for form in FORMS:
    for name in LABELS.keys() & form.base_fields.keys():
        form.base_fields[name].label = LABELS[name]


def header_title(view: Any) -> str:
    """Return the title of a screen, whose colon is a word of its language too."""
    title, about = str(view.get_page_title()), str(view.get_page_subtitle() or "")
    return gettext("%(title)s：%(about)s") % {"title": title, "about": about} if about else title


WagtailAdminTemplateMixin.get_header_title = header_title

say_saved = EditView.add_save_confirmation_message


def say_judged_or_saved(view: Any) -> None:
    """Tell a reviewer what became of the page; Wagtail says of every judgement only that something was saved."""
    if view.action_name != "perform_workflow_action":
        say_saved(view)
        return
    view.page.refresh_from_db(fields=["has_unpublished_changes"])
    if view.workflow_action == REJECT:
        said = gettext("“%(title)s”已退回。提交的人在工作台上会看到要改什么。")
    elif not view.page.has_unpublished_changes:
        said = gettext("“%(title)s”已通过，已发布。")
    elif view.page.revisions.filter(approved_go_live_at__isnull=False).exists():  # the page's own word is an old one
        said = gettext("“%(title)s”已通过，会按时发布。")
    else:
        said = gettext("“%(title)s”已通过，还没有发布：请看下面写的。")
    messages.success(view.request, said % {"title": view.page.get_admin_display_title()})


EditView.add_save_confirmation_message = say_judged_or_saved

# What is planned stands first (the apps' own hooks), then what is written and collected.
CONTENT = "explorer"
CONTENT_ORDER = 240


@hooks.register("insert_global_admin_css")
def colours() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("css/office.css"))


@hooks.register("construct_homepage_summary_items", order=100)  # after those that put them there
def no_counts(request: HttpRequest, items: list[Any]) -> None:
    """How many pages, pictures and documents there are is nothing that anybody has to do."""
    items.clear()


@hooks.register("construct_main_menu")
def in_the_order_of_the_work(request: HttpRequest, items: list[Any]) -> None:
    for item in items:
        if item.name == CONTENT:
            item.label, item.order = _("课程内容"), CONTENT_ORDER


@hooks.register("register_admin_menu_item")
def way_back() -> MenuItem:
    # The sidebar lights the entry with whose address that of the page begins; all of them begin with "/".
    return MenuItem(_("回到网站"), f"{settings.LOGIN_REDIRECT_URL}#", name="site", icon_name="home", order=1000)


class Submit(SubmitForModerationMenuItem):
    """Wagtail names the workflow and its step, which are called the same here."""

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(parent_context)
        page = context.get("page")
        state = page.current_workflow_state if page is not None and page.pk else None
        is_back = state is not None and state.status == state.STATUS_NEEDS_CHANGES
        return {**context, "label": gettext("改好了，再提交审核") if is_back else gettext("提交审核")}


@hooks.register("construct_page_action_menu")
def in_words(items: list[Any], request: HttpRequest, context: dict[str, Any]) -> None:
    """Say what the entries about a review do, each once."""
    items[:] = [item for item in items if item.name != SECOND_WAY]
    for number, item in enumerate(items):
        if type(item) is SubmitForModerationMenuItem:
            items[number] = Submit(order=item.order)
        elif isinstance(item, WorkflowMenuItem) and item.name == APPROVE:
            item.label = gettext("写意见并通过") if item.launch_modal else gettext("通过并发布")
        elif item.name in MENU:
            item.label = MENU[item.name]
