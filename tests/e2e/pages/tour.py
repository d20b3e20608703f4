"""The pages that are photographed and measured: who opens them, where they are, what they may cost.

An address that holds an id is found as a person finds it: from ``url`` by the links of ``follow``, in order.
"""

from dataclasses import dataclass
from urllib.parse import quote

from config.demo.questions import LECTURE
from config.demo.questions import TRAINING as ASKING

MEMBER = "13800000001"
HAS_WATCHED, HAS_FAILED = "13800000002", "13800000003"  # the replay that asks for a check; and its first attempt
SECRETARY = "13800000011"
ORGANISER = "13800000021"
LECTURER = "13800000031"
AUDITOR = "13800000041"
OPERATOR = "13800000051"
PASSWORD = "fingertip-demo"

KB = 1024


@dataclass(frozen=True)
class Budget:
    """What a first visit may cost; ``repeat_bytes`` what the second may."""

    bytes: int
    requests: int
    repeat_bytes: int = 15 * KB


@dataclass(frozen=True)
class Stop:
    """One page of the tour. ``account`` None: a visitor. ``status``: the answer's expected status.

    ``guide``: the account that finds the way, where the visitor's own pages do not lead there; ``cut``: what is taken
    off the end of the address that it finds. ``named``: the element there whose words are put into ``url_of`` instead.
    """

    name: str
    account: str | None
    url: str
    follow: tuple[str, ...] = ()
    budget: Budget | None = None
    status: int = 200
    admin: bool = False
    guide: str | None = None
    cut: str = ""
    named: str = ""
    url_of: str = ""

    def __str__(self) -> str:
        return self.name


ENTRANCE = Budget(bytes=60 * KB, requests=8)
LESSON = Budget(bytes=210 * KB, requests=16, repeat_bytes=30 * KB)
ROOM = Budget(bytes=120 * KB, requests=16, repeat_bytes=30 * KB)

COURSE = "main a[href^='/courses/']"
HOST = "main a[href*='/host/']"
TRAINING = "main a[href^='/branch/']"
CHECKED = f"main a:has-text('{ASKING}')"  # the training whose rule asks for a check of understanding
MEETING = "main a[href^='/meetings/1'], main a[href^='/meetings/2']"
OVER = "main a:has-text('上半年应急避险培训')"  # the one that has given certificates
CERTIFICATES = "main a[href*='/certificates/trainings/']"
OWN_CERTIFICATE = "main a[href*='/certificates/own/']"
ANSWERS = "main a[href$='/check/']"

TOUR = [
    Stop("sign-in", None, "/accounts/login/", budget=ENTRANCE),
    Stop("sign-in-code", None, "/accounts/login/code/", budget=ENTRANCE),
    Stop("offline", None, "/offline/", budget=ENTRANCE),
    Stop("not-found", None, "/courses/no-such-page/", status=404),
    Stop("today", MEMBER, "/", budget=ENTRANCE),
    Stop("courses", MEMBER, "/courses/", budget=ENTRANCE),
    Stop("courses-found", MEMBER, "/courses/?q=诈骗"),
    Stop("course", MEMBER, "/courses/", (COURSE,), budget=ENTRANCE),
    Stop("lesson", MEMBER, "/courses/", (COURSE, COURSE), budget=LESSON),
    Stop("room", MEMBER, "/live/", (HOST,), budget=ROOM, guide=LECTURER, cut="host/"),
    Stop("me", MEMBER, "/me/", budget=ENTRANCE),
    Stop("me-record", MEMBER, "/me/", ("main a[href*='/me/records/']",), budget=ENTRANCE),
    Stop("me-leave", MEMBER, "/me/leaves/ask/"),
    Stop("me-hours", MEMBER, "/me/hours/"),
    Stop("me-notices", MEMBER, "/me/notices/"),
    Stop("me-access", MEMBER, "/me/access/", budget=ENTRANCE),
    Stop("me-owed", MEMBER, "/me/", (f"main a:has-text('{LECTURE}')",), budget=ENTRANCE),
    Stop("certificates", MEMBER, "/certificates/", budget=ENTRANCE),
    Stop("certificate", MEMBER, "/certificates/", (OWN_CERTIFICATE,), budget=ENTRANCE),
    Stop(
        "certificate-to-take",
        MEMBER,
        "/certificates/",
        (f"{OWN_CERTIFICATE}:has-text('{ASKING}')",),
        budget=ENTRANCE,
    ),
    Stop("certificate-ask", None, "/c/", budget=ENTRANCE),
    Stop(
        "certificate-check",
        None,
        "/certificates/",
        (OWN_CERTIFICATE,),
        budget=ENTRANCE,
        guide=MEMBER,
        named="dl.facts dd:last-child",
        url_of="/c/{}/",
    ),
    Stop("check", HAS_WATCHED, "/", (ANSWERS,), budget=ENTRANCE),
    Stop("check-result", HAS_FAILED, "/", (ANSWERS,), budget=ENTRANCE),
    Stop("sign-out", MEMBER, "/accounts/logout/"),
    Stop("password", MEMBER, "/accounts/password/change/"),
    Stop("branch", SECRETARY, "/branch/", budget=ENTRANCE),
    Stop("report", SECRETARY, "/branch/", (TRAINING,), budget=ENTRANCE),
    Stop("report-member", SECRETARY, "/branch/", (TRAINING, "main a[href*='/members/']")),
    Stop("report-table", SECRETARY, "/branch/", (TRAINING, "main a[href*='/reports/']")),
    Stop("register", SECRETARY, "/branch/", (TRAINING, "main a[href*='/branch/register/']")),
    Stop("progress", SECRETARY, "/branch/", (TRAINING, "main a[href*='/progress/']")),
    Stop("occasion", SECRETARY, "/branch/", (TRAINING, "main a[href*='/branch/occasions/']")),
    Stop("hall", SECRETARY, "/branch/", (TRAINING, "main a[href*='/hall/']")),
    Stop("remind", SECRETARY, "/branch/", (TRAINING, "a.btn[href*='/remind/']")),
    Stop("sheet", SECRETARY, "/branch/", (TRAINING, "main a[href*='/hall/']", "main a[href*='/sheet/']")),
    Stop("catch-up", SECRETARY, "/branch/", (CHECKED,), budget=ENTRANCE),
    Stop("certificates-branch", SECRETARY, "/branch/", (OVER, CERTIFICATES)),
    Stop("person", SECRETARY, "/branch/", (CHECKED, "main a[href*='/members/']", "main a[href*='/branch/people/']")),
    Stop("disputes", SECRETARY, "/branch/disputes/"),
    Stop("corrections", SECRETARY, "/branch/corrections/"),
    Stop("declarations", SECRETARY, "/branch/declarations/"),
    Stop("leaves", SECRETARY, "/branch/leaves/"),
    Stop("absent", SECRETARY, "/exemptions/people/"),
    Stop("hours", SECRETARY, "/branch/hours/"),
    Stop("meetings", SECRETARY, "/meetings/"),
    Stop("meeting", SECRETARY, "/meetings/", (MEETING,)),
    Stop(
        "minutes",
        SECRETARY,
        "/meetings/",
        ("main a[aria-label*='主题党日：']", "main a[href*='/minutes/']"),
    ),
    Stop("county", ORGANISER, "/branch/", (CHECKED,)),
    Stop("certificates-county", ORGANISER, "/branch/", (OVER, CERTIFICATES)),
    Stop("certificates-setting", ORGANISER, "/branch/", (OVER, CERTIFICATES, "main a[href$='/setting/']")),
    Stop("certificates-review", ORGANISER, "/branch/", (OVER, CERTIFICATES, "main a[href$='/review/']")),
    Stop("live-index", LECTURER, "/live/", budget=ENTRANCE),
    Stop("host", LECTURER, "/live/", (HOST,)),
    Stop("audit", AUDITOR, "/audit/"),
    Stop("roster", OPERATOR, "/roster/"),
    Stop("admin", ORGANISER, "/admin/", admin=True),
    Stop(
        "check-form",
        ORGANISER,
        "/admin/live/schedule/",
        (f"a:text-is('{LECTURE}')", "a[href*='/check/']"),
        admin=True,
    ),
]
# What the authors' manual shows besides: photographed, not measured.
EDIT = "a[href*='/edit/']"
AUTHORS = [
    Stop("desk", ORGANISER, "/desk/", admin=True),
    Stop("plan", ORGANISER, "/desk/", ("main a.desk-link[href*='/desk/plan/']",), admin=True),
    Stop("videos", ORGANISER, "/admin/videos/", admin=True),
    Stop("video-form", ORGANISER, "/admin/videos/", ("main a[href*='/videos/edit/']",), admin=True),
    Stop("lesson-form", ORGANISER, "/admin/pages/search/?q=" + quote("陌生来电"), (f"main {EDIT}",), admin=True),
    Stop("questions", ORGANISER, "/admin/quizzes/questions/", admin=True),
    Stop("question-form", ORGANISER, "/admin/quizzes/questions/add/", admin=True),
    Stop("path-form", ORGANISER, "/admin/pages/search/?q=" + quote("雨季安全入门"), (f"main {EDIT}",), admin=True),
    Stop("schedule", ORGANISER, "/admin/live/schedule/", admin=True),
    Stop("schedule-form", ORGANISER, "/admin/live/schedule/add/", admin=True),
]
BUDGETED = [stop for stop in TOUR if stop.budget]
MEMBERS_PAGES = [stop for stop in TOUR if not stop.admin]
