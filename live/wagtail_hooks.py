"""The schedule's place in Wagtail's admin."""

from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogFormatter

from attendance.operations.cancelled import WithTitle
from live.views import bulk, schedule
from organizations.choosers import OrganiserMenuItem


@hooks.register("register_admin_urls")
def schedule_urls() -> list[URLPattern]:
    return [
        path("live/schedule/", schedule.index, name="live_schedule"),
        path("live/schedule/add/", schedule.add, name="live_schedule_add"),
        path("live/schedule/table/", bulk.bulk, name="live_schedule_bulk"),
        path("live/schedule/table/template.xlsx", bulk.bulk_template, name="live_schedule_bulk_template"),
        path("live/schedule/<int:occasion_id>/", schedule.edit, name="live_schedule_edit"),
        path("live/schedule/<int:occasion_id>/cancel/", schedule.cancel, name="live_schedule_cancel"),
        path("live/schedule/<int:occasion_id>/end/", schedule.end, name="live_schedule_end"),
        path("live/schedule/<int:occasion_id>/resume/", schedule.resume, name="live_schedule_resume"),
        path("live/schedule/<int:occasion_id>/void/", schedule.void, name="live_schedule_void"),
        path("live/schedule/<int:occasion_id>/recording/delete/", schedule.recording, name="live_schedule_recording"),
    ]


class DropRecording(LogFormatter):
    """An entry about a recording that was deleted; a meeting's with its reason."""

    label = _("删除回放")

    def format_message(self, log_entry: Any) -> str:
        if reason := log_entry.data.get("reason"):
            return gettext("删除了会议录像，原因：{reason}").format(reason=reason)
        return gettext("删除了回放")


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    """What the back office's log says about lectures."""
    titled = {
        "live.plan": (_("安排直播"), _("安排了直播“%(title)s”（%(starts_at)s）")),
        "live.change": (_("修改直播安排"), _("修改了直播“%(title)s”的安排（%(starts_at)s）")),
        "live.cancel": (_("取消直播"), _("取消了直播“%(title)s”（%(starts_at)s）")),
        "live.cancel_meeting": (_("取消会议"), _("取消了线上会议“%(title)s”（%(starts_at)s）")),
    }
    for action, (label, message) in titled.items():
        actions.register_action(action)(type("Titled", (WithTitle,), {"label": label, "message": message}))
    actions.register_action("live.void", _("作废"), _("作废了这一场"))
    actions.register_action("live.drop_recording")(DropRecording)


@hooks.register("register_admin_menu_item")
def schedule_menu_item() -> Any:
    return OrganiserMenuItem(_("直播安排"), reverse("live_schedule"), name="live-schedule", icon_name="date", order=210)
