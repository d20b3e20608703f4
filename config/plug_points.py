"""Plug points: what apps hand to those below them, each by its dotted name (docs/architecture.md)."""

from django.utils.translation import gettext_lazy as _

# The ways to take part: what the ledger calls (attendance/kinds.py).
OCCASION_KINDS = {
    "lecture": "live.kinds.LectureKind",
    "meeting": "live.kinds.MeetingKind",
    "course": "courses.kinds.CourseKind",
    "gathering": "meetings.kinds.GatheringKind",
}
REPORTS = [
    "attendance.reports.missing.MissingReport",
    "attendance.reports.records.RecordsReport",
]
# What apps above the ledger add to a person's own download: each (user) -> {"kind": [rows]}.
PERSONAL_DATA = [
    "live.queries.personal_data",
    "courses.queries.personal_data",
    "media.queries.personal_data",
    "meetings.queries.personal_data",
    "certificates.queries.personal_data",
    "quizzes.queries.personal_data",
    "api.queries.statements.personal_data",
    "packages.queries.personal_data",
]
# What goes with who left long ago (organizations/operations/departures.py): each (*, member_id).
TAKING_OUT = [
    "organizations.operations.departures.take_out_access",
    "attendance.operations.departures.take_out",
    "live.operations.departures.take_out",
    "courses.departed.take_out",
    "packages.operations.departures.take_out",
    "certificates.operations.departures.take_out",
    "api.operations.departures.take_out",
    "cms.departed.take_out",
]
# Providers of accounts beside those of the settings: each () -> [with id, name and is_on].
ACCOUNT_WAYS_BESIDE = ["lti.queries.ways"]
# What keeps them until it is answered: each (member_ids) -> {member_id: why, in a few words}.
DEPARTURE_WAITS = ["attendance.queries.departures.waits"]
# What somebody has to do today besides taking part: each (user, as_of) -> [attendance.duties.Duty].
DUTIES = ["live.duties.of_lecturer", "meetings.duties.of_secretary"]
# Those of them that the first page of 支部 says too.
BRANCH_DUTIES = ["meetings.duties.of_secretary"]
# From which occasions that go on somebody was sent away: each (*, member_id, occasion_ids) -> set of ids.
KEPT_OUT = ["live.permissions.removed_from"]
# What apps above the interface state once more for a record store (api/operations/stating.py): each (*, since).
STATEMENTS_AGAIN = ["courses.operations.state_lessons_again"]
# What else stands in a person's calendar (attendance/calendars.py).
CALENDARS = ["live.feeds.entries"]
# What apps above the tree made for a unit: each (*, node, on_date) -> [organizations.uses.Use].
UNIT_USES = [
    "attendance.units.uses_of",
    "cms.units.uses_of",
    "media.units.uses_of",
    "meetings.units.uses_of",
    "certificates.units.uses_of",
    "quizzes.units.uses_of",
    "packages.units.uses_of",
]
# What goes along when a unit is merged into another: each (*, node, into).
UNIT_MOVES = [
    "attendance.units.move",
    "cms.units.move",
    "media.units.move",
    "certificates.units.move",
    "quizzes.units.move",
    "packages.units.move",
]
# Which long lists cover whom in the access log: modules with places_of and covering (*, member_id).
ACCESS_SCOPES = ["attendance.queries.access"]
# Who knows what still needs a video, picture, document, lesson or course (organizations/uses.py).
USES = ["cms.uses", "courses.uses", "live.uses", "certificates.uses"]
# What apps above the ledger add to its pages (attendance/beside.py): functions by page.
BESIDE = {
    "today": ["courses.beside.of_today"],
    "me": ["certificates.beside.of_member", "live.beside.of_member"],
    "training": ["certificates.beside.of_training"],
    "person": ["certificates.beside.of_person"],
}
# The page on which a phone is tried out, as the sign-in page leads to it: the name of its address.
PHONE_CHECK = "live_check"
# What apps above the ledger say on the organiser's desk (attendance/desk.py): functions by what they answer.
DESK = {
    "today": ["live.desk.given_today"],
    "matters": [
        "live.desk.matters",
        "courses.desk.comments",
        "cms.desk.reviews",
        "cms.desk.missed",
        "cms.desk.talk",
        "cms.desk.videos",
        "api.desk.matters",
    ],
    "drafts": ["cms.desk.drafts"],
    "mine": ["live.desk.mine"],
    "plan": ["live.desk.plan_url"],
}
# How each kind of occasion is planned within a training (attendance/planning.py).
PLANNERS = {"lecture": "live.planning.LecturePlanner", "course": "courses.planning.CoursePlanner"}
# How many messages wait unseen for a person, for the dot in the shell: (member_id) -> int.
UNSEEN_MESSAGES = "attendance.queries.notices.unseen_count"
# Who may be given the files under a root, by root: each (viewer_id, object_id) -> bool (media/rights.py).
# On which other host files of an object lie that are on no shared disk (media/elsewhere.py): by root,
# (object_id, *, here) -> "address:port", "" for this host.
MEDIA_ELSEWHERE = {"live": "live.queries.nodes.address_of"}
MEDIA_RIGHTS = {
    "videos": [
        "media.permissions.may_preview_video",
        "courses.permissions.may_watch_video",
        "live.permissions.may_watch_recording",
    ],
    "live": ["live.permissions.may_watch_live"],
    "slides": ["live.permissions.may_see_slides"],
}
# Videos that are not offered for anything new: each () -> Q on media.models.Video.
VIDEOS_WITHHELD = ["live.uses.withheld"]
# Videos that are in nobody's library, for nobody to manage or preview: each () -> Q on media.models.Video.
VIDEOS_APART = ["live.uses.apart"]
# What 支部 leads to below its trainings: (url, label, roles).
BRANCH_PAGES = [
    ("branch_register", _("登记表"), ["secretary"]),
    ("meetings", _("会议和台账"), ["secretary", "organiser"]),
    ("branch_hours", _("年度学时"), ["secretary"]),
    ("branch_leaves", _("请假"), ["secretary"]),
    ("absent_people", _("免学和长期外出"), ["secretary"]),
    ("branch_declarations", _("申报的学习"), ["secretary"]),
    ("branch_corrections", _("复核更正"), ["secretary", "organiser"]),
    ("branch_reminder_settings", _("怎样提醒大家"), ["secretary"]),
    ("api_home", _("数据接口"), ["secretary", "organiser"]),
    ("integrity", _("记录是否完整"), ["secretary", "organiser"]),
]
