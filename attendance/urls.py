"""Addresses of the attendance pages."""

from django.urls import URLPattern, URLResolver, path

from attendance.views import branch, disputes, entries, exports, hall, me, search, today, watch

urlpatterns: list[URLPattern | URLResolver] = [
    path("", today.today, name="today"),
    path("calendar/<int:occasion_id>.ics", today.calendar, name="calendar"),
    path("me/", me.me, name="me"),
    path("me/data.json", me.me_data, name="me_data"),
    path("me/records/<int:occasion_id>/", me.me_record, name="me_record"),
    path("me/records/<int:occasion_id>/dispute/", me.me_dispute, name="me_dispute"),
    path("branch/", branch.branch, name="branch"),
    path("branch/<int:training_id>/", branch.branch_training, name="branch_training"),
    path("branch/<int:training_id>/counts.<slug:form>", exports.branch_counts, name="branch_counts"),
    path("branch/<int:training_id>/hall/", hall.branch_hall, name="branch_hall"),
    path("branch/<int:training_id>/members/", search.branch_people, name="branch_people"),
    path("branch/<int:training_id>/members/<int:member_id>/", branch.branch_member, name="branch_member"),
    path("branch/<int:training_id>/members/<int:member_id>/phone/", entries.branch_phone, name="branch_phone"),
    path("branch/<int:training_id>/reports/<slug:name>/", exports.branch_report, name="branch_report"),
    path("branch/<int:training_id>/reports/<slug:name>.<slug:form>", exports.branch_export, name="branch_export"),
    path(
        "branch/occasions/<int:occasion_id>/members/<int:member_id>/<slug:what>/",
        entries.branch_entry,
        name="branch_entry",
    ),
    path("branch/evidence/<int:evidence_id>/withdraw/", entries.branch_withdraw, name="branch_withdraw"),
    path("branch/disputes/", disputes.branch_disputes, name="branch_disputes"),
    path("branch/disputes/<int:dispute_id>/answer/", disputes.branch_answer, name="branch_answer"),
    path("watch/<int:occasion_id>/play", watch.play, name="watch_play"),
    path("watch/<int:occasion_id>/report", watch.report, name="watch_report"),
]
