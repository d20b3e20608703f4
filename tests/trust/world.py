"""One small world for the whole package: all that is in it belongs to the first of two neighbouring branches.

Everything is made by the factories and by the operations that the product itself uses: a lecture that was given,
recorded, judged and disputed, one on air, a course half watched, files on the disk.
"""

import datetime as dt
import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone
from PIL import Image as Pixels
from wagtail.documents.models import Document
from wagtail.images.models import Image

from api.models import Token, Webhook
from api.operations import make_token, make_webhook
from attendance.core.check import Draft, Kind
from attendance.models import (
    Correction,
    CorrectionReview,
    Declaration,
    Dispute,
    Evidence,
    Hall,
    HoursTable,
    Leave,
    Occasion,
    Recomputation,
    Recomputed,
    Record,
    Rule,
    Training,
    WatchSession,
)
from attendance.operations import (
    CheckPlan,
    HoursPlan,
    Wish,
    ask_declaration,
    ask_leave,
    open_hall,
    open_occasion,
    raise_dispute,
    record_hall,
    save_check,
    save_hours_table,
    set_replay,
    settle,
)
from certificates.core.finish import Finish
from certificates.models import Certificate
from certificates.operations import Wording, switch, write_setting
from certificates.operations.issuing import written
from cms.models import CoursePage, PathPage
from courses.discussing import show_comment, write_comment
from courses.models import LessonComment
from courses.operations import CoursePlan, schedule_course
from live.models import Lecture, MediaNode
from live.operations import end_lecture, go_live
from lti.models import Platform
from media import storage
from media.core.captions import Cue
from media.models import Upload, Video
from media.operations import create_upload, keep_captions
from meetings.models import Meeting
from meetings.operations import Attendance, GatheringPlan, book_mark, plan_gathering, write_attendance, write_minutes
from organizations.models import AccountLink, Exemption, Role, User
from organizations.operations import exempt_member
from packages.models import Package
from packages.operations import add_package
from quizzes.models import Question, Quiz
from quizzes.operations import start_attempt
from tests.config.test_health import heard
from tests.factories.attendance import OccasionFactory, RuleFactory, TrainingFactory, be_present
from tests.factories.cms import CoursePageFactory, LessonPageFactory, drawn, make_path, ready_video
from tests.factories.courses import Given, watch
from tests.factories.live import ChatMessageFactory, LectureFactory
from tests.factories.meetings import make_meeting
from tests.factories.organizations import PASSWORD, County, RoleGrantFactory, make_county
from tests.factories.quizzes import FILL, make_quiz
from tests.organizations.authenticator import give_app
from tests.packages.zips import make_package

HOUR = dt.timedelta(hours=1)
# Words that stand nowhere else: where one of them is read, something of the first branch was read.
TRAINING, LECTURE, ON_AIR, COURSE, VIDEO = (
    "甲支部防汛培训",
    "甲支部防汛直播",
    "甲支部正在直播",
    "甲支部急救课",
    "甲支部视频",
)
SAID, COMPLAINT, PAPER, PICTURE = "甲支部屋檐滴水", "甲支部那天在集中收看点", "甲支部讲义", "甲支部水沟图"
QUESTION = "甲支部小测的题目"
COMMENT = "甲支部课里的留言"
PACKAGE = "甲支部课里的课件包"
QUIZ, BANKED = "甲支部课里的练习", "甲支部题库里的题"
DECLARED, MEETING = "甲支部学过的平台", "甲支部党员大会"
MARKS = (
    TRAINING,
    LECTURE,
    ON_AIR,
    COURSE,
    VIDEO,
    MEETING,
    SAID,
    COMPLAINT,
    PAPER,
    PICTURE,
    DECLARED,
    QUESTION,
    QUIZ,
    PACKAGE,
    BANKED,
    COMMENT,
    "王一",
    "赵书记",
)


@dataclass
class World:
    """What there is, and the people by the names that the tables use."""

    county: County
    people: dict[str, User | AnonymousUser]
    training: Training
    given: Lecture
    on_air: Lecture
    course: Given
    path: PathPage
    quiz: Quiz
    package: Package
    comment: LessonComment
    question: Question
    met: Meeting
    by_video: Lecture
    to_meet: Meeting
    recording: Video
    dispute: Dispute
    leave: Leave
    review: CorrectionReview
    exemption: Exemption
    tick: Evidence
    hall: Hall
    declaration: Declaration
    upload: Upload
    image: Image
    paper: Document
    session_id: int
    attempt_id: int
    hours: HoursTable
    recomputation: Recomputation
    certificate: Certificate
    token: Token
    webhook: Webhook
    platform: Platform
    account_link: AccountLink
    factor: Authenticator
    browser: Client = field(default_factory=Client)
    sessions: dict[str, str] = field(default_factory=dict)

    @property
    def member(self) -> User:
        return self.county.member

    def ask_for_good(self, persona: str, url: str) -> HttpResponse:
        """GET as that person; what is written stays, for a caller that undoes it."""
        self.sign_in(persona)
        return _whole(self.browser.get(url))

    def ask(self, persona: str, method: str, url: str, **sent: Any) -> HttpResponse:
        """Ask as that person and take back whatever the answer changed; ``content`` is always readable."""
        with undone():
            self.sign_in(persona)
            return _whole(self.browser.generic(method, url, **sent))

    def sign_in(self, persona: str) -> None:
        """One browser for all, because making another reads every static file again."""
        self.browser.cookies.clear()
        user = self.people[persona]
        if not isinstance(user, User):
            return
        if persona not in self.sessions:
            self.browser.force_login(user)
            self.sessions[persona] = self.browser.cookies[settings.SESSION_COOKIE_NAME].value
        self.browser.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[persona]


def _whole(answer: Any) -> HttpResponse:
    """The answer with its whole content, read while the rows are there."""
    if not answer.streaming:
        return answer  # type: ignore[no-any-return]
    whole = HttpResponse(b"".join(answer.streaming_content), status=answer.status_code)
    whole.headers = answer.headers
    return whole


@contextmanager
def undone() -> Iterator[None]:
    """Undo every row written in the block."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def make_world() -> World:
    """Build it; under a private VAR_DIR, in a transaction that is rolled back."""
    county = make_county()
    county.county.refresh_from_db()
    people: dict[str, User | AnonymousUser] = {
        "anyone": AnonymousUser(),
        "member": county.member,
        "neighbour": county.neighbour_member,
        "secretary": county.secretary,
        "neighbour_secretary": county.neighbour_secretary,
        "organiser": county.organiser,
        "neighbour_organiser": RoleGrantFactory(user__name="冯组织员", node=county.neighbour, role=Role.ORGANISER).user,
        "lecturer": county.lecturer,
        "neighbour_lecturer": RoleGrantFactory(user__name="陈讲师", node=county.neighbour, role=Role.LECTURER).user,
        "auditor": county.auditor,
        "operator": county.operator,
        "neighbour_operator": RoleGrantFactory(user__name="何管理员", node=county.neighbour, role=Role.OPERATOR).user,
    }
    training = TrainingFactory(node=county.branch, title=TRAINING, deadline_at=timezone.now() + 20 * 24 * HOUR)
    given, recording = _given_lecture(county, training)
    raise_dispute(occasion_id=given.pk, member_id=county.member.pk, text=COMPLAINT, as_of=timezone.now())
    asked = Draft(Kind.TRUE_FALSE, QUESTION, ("true", "false"), frozenset({0}))
    save_check(
        occasion_id=given.pk, plan=CheckPlan((asked,), need=1), seen_version=0, written_by_id=county.organiser.pk,
        as_of=timezone.now(),
    )  # fmt: skip
    ask_declaration(
        occasion_id=given.pk, member_id=county.member.pk, category="platform", source=DECLARED,
        studied_at=timezone.now() - HOUR, minutes=30, as_of=timezone.now(),
    )  # fmt: skip
    image, paper = _library(county)
    quiz = make_quiz(county.branch, county.organiser, replace(FILL, text=BANKED), title=QUIZ)
    package = add_package(
        file=make_package(), title=PACKAGE, node_id=county.branch.pk, made_by_id=county.organiser.pk,
        as_of=timezone.now(),
    )  # fmt: skip
    world = World(
        county=county,
        people=people,
        training=training,
        given=given,
        on_air=_lecture_on_air(county, training),
        course=_course(county, training, image, paper, quiz, package),
        path=make_path(county.branch, CoursePage.objects.get(title=COURSE), title="急救学习路径", cover=image),
        comment=LessonComment.objects.get(),
        quiz=quiz,
        package=package,
        question=Question.objects.get(),
        met=_met(county),
        by_video=make_meeting(county, starts_at=timezone.now() + 48 * HOUR),
        to_meet=_planned(county, timezone.now() + 48 * HOUR),
        recording=recording,
        dispute=Dispute.objects.get(),
        leave=_asked(county),
        review=_proposed(county, given),
        exemption=exempt_member(member_id=county.member.pk, from_date=dt.date(2100, 1, 1)),
        tick=_ticked(county, given),
        hall=Hall(),
        declaration=Declaration.objects.get(),
        upload=_upload(county),
        image=image,
        paper=paper,
        session_id=WatchSession.objects.get().pk,
        attempt_id=start_attempt(quiz_id=quiz.pk, member_id=county.member.pk, as_of=timezone.now()).pk,
        hours=_hours(county),
        recomputation=_judged_anew(county, given.occasion),
        certificate=_certificate(county, training),
        token=_token(county),
        webhook=_webhook(county),
        platform=_platform(county),
        account_link=AccountLink.objects.create(
            member=county.member, provider="oidc", external_id="a-1", made_at=timezone.now()
        ),
        factor=give_app(county.member),
    )
    open_hall(
        occasion_id=world.on_air.pk, node_id=county.branch.pk, opened_by_id=county.secretary.pk, as_of=timezone.now()
    )
    world.hall = Hall.objects.get()
    User.objects.update(password=make_password(PASSWORD))
    later = timezone.now() + 24 * HOUR  # every part of the site is heard of as long as the tests run
    heard(later)
    MediaNode.objects.create(name="one", url="unix:/nowhere", beat_at=later)
    for persona, person in people.items():
        if isinstance(person, User):
            person.refresh_from_db()
        world.sign_in(persona)
    return world


def _lecture(county: County, training: Training, title: str, start: dt.datetime) -> Lecture:
    occasion = OccasionFactory(
        training=training, node=county.branch, title=title, starts_at=start, ends_at=start + HOUR,
        rule=RuleFactory(node=county.branch, asks_check=True),
    )  # fmt: skip
    lecture: Lecture = LectureFactory(occasion=occasion, lecturer=county.lecturer)
    go_live(occasion_id=lecture.pk, as_of=start)
    lecture.refresh_from_db()
    return lecture


def _asked(county: County) -> Leave:
    """A leave of some days to come, which waits."""
    wish = Wish("duty", from_date=dt.date(2026, 12, 28), to_date=dt.date(2026, 12, 30))
    return ask_leave(member_id=county.member.pk, wish=wish, as_of=timezone.now())[0]


def _proposed(county: County, given: Lecture) -> CorrectionReview:
    """A correction by the township's secretary that waits for a second person."""
    above = RoleGrantFactory(user__name="许镇书记", node=county.township, role=Role.SECRETARY).user
    settle(occasion_id=given.pk, as_of=timezone.now())
    record = Record.objects.get(occasion_id=given.pk, member=county.member)
    made = Correction.objects.create(record=record, state="attended", reason=COMPLAINT, author=above, at=timezone.now())
    return CorrectionReview.objects.create(correction=made, record=record, why="many")


def _certificate(county: County, training: Training) -> Certificate:
    """The member's, as if everything had been done; the training gives certificates."""
    now = timezone.now()
    wording = Wording("结业证书", "", county.branch.pk, counts_excused=False, counts_exempt=True)
    setting = write_setting(training_id=training.pk, wording=wording, actor_id=county.organiser.pk, as_of=now)
    switch(training_id=training.pk, on=True, actor_id=county.organiser.pk, as_of=now)
    finish = Finish((), (), Decimal(2), Decimal(2), has_taken_part=True)
    made = written(setting=setting, member=county.member, node=county.branch, finish=finish, as_of=now)
    made.save()
    return made


def _token(county: County) -> Token:
    return make_token(
        maker=county.secretary, name="系统", node=county.branch, scopes=["records"], days=90, as_of=timezone.now()
    )[0]


def _platform(county: County) -> Platform:
    return Platform.objects.create(
        name="党校", issuer="https://lms.example", client_id="c", deployments=["1"], made_by=county.operator,
        authorize_url="https://lms.example/auth", keyset_url="https://lms.example/jwks", made_at=timezone.now(),
    )  # fmt: skip


def _webhook(county: County) -> Webhook:
    return make_webhook(
        maker=county.organiser,
        name="系统",
        node=county.branch,
        url="https://hr.example.cn/",
        events=["occasion.closed"],
        as_of=timezone.now(),
    )[0]


def _hours(county: County) -> HoursTable:
    plan = HoursPlan(node_id=county.branch.pk, year=timezone.localdate().year, owed={"member": Decimal(32)}, gives={})
    return save_hours_table(plan=plan, seen_version=0, made_by_id=county.organiser.pk, as_of=timezone.now())


def _judged_anew(county: County, occasion: Occasion) -> Recomputation:
    """The report of something that was judged anew, and one person changed by it."""
    stamp = Occasion.objects.get(pk=occasion.pk).rule_stamp
    report = Recomputation.objects.create(
        occasion=occasion, rule=occasion.rule, from_stamp=stamp, to_stamp=stamp, frame="0" * 64, reason="核对",
        state=Recomputation.State.DONE, asked_by=county.organiser, asked_at=timezone.now(), through=4,
        counts={"missing>attended": 1},
    )  # fmt: skip
    Recomputed.objects.create(
        recomputation=report, member=county.member, before="missing", after="attended", hours_before=0, hours_after=1
    )
    return report


def _ticked(county: County, given: Lecture) -> Evidence:
    """Ten minutes of the given lecture in a hall, ticked by the secretary."""
    start = given.occasion.starts_at
    record_hall(
        occasion_id=given.pk, member_ids=[county.member.pk], started_at=start, ended_at=start + HOUR / 6,
        recorded_by_id=county.secretary.pk, as_of=timezone.now(),
    )  # fmt: skip
    return Evidence.objects.get(occasion_id=given.pk, kind=Evidence.Kind.HALL)


def _given_lecture(county: County, training: Training) -> tuple[Lecture, Video]:
    start = timezone.now() - 48 * HOUR
    lecture = _lecture(county, training, LECTURE, start)
    occasion = Occasion.objects.get(pk=lecture.pk)
    be_present(occasion, county.member, 0, 900)
    be_present(occasion, county.members[1], 0, 3600, device="p2")
    end_lecture(occasion_id=lecture.pk, as_of=start + HOUR)
    settle(occasion_id=lecture.pk, as_of=start + HOUR)
    recording = ready_video(title=VIDEO, created_by=county.lecturer)
    write_video(recording)
    Lecture.objects.filter(pk=lecture.pk).update(recording=recording, state=Lecture.State.RECORDED)
    set_replay(occasion_id=lecture.pk, media_ms=60_000, media_offset_ms=0, as_of=start + HOUR)
    lecture.refresh_from_db()
    return lecture, recording


def _lecture_on_air(county: County, training: Training) -> Lecture:
    lecture = _lecture(county, training, ON_AIR, timezone.now() - dt.timedelta(minutes=10))
    ChatMessageFactory(lecture=lecture, author=county.members[1], text=SAID)
    folder = storage.live_root() / str(lecture.pk)
    folder.mkdir(parents=True)
    (folder / "live.m3u8").write_text("#EXTM3U\n")
    (folder / "1.m4s").write_bytes(b"picture")
    return lecture


def _course(county: County, training: Training, image: Image, paper: Document, quiz: Quiz, package: Package) -> Given:
    now, video = timezone.now(), ready_video(title=VIDEO, created_by=county.organiser)
    write_video(video)
    page = CoursePageFactory(cover=image, title=COURSE, node=county.branch)
    picture = {"image": image, "alt": PICTURE, "decorative": False}
    body = [("text", "<p>先看安全</p>"), ("video", video), ("picture", picture), ("document", paper), ("quiz", quiz)]
    body.insert(2, ("asks", {"at": "00:05", "question": Question.objects.get(), "must": False}))
    body.append(("package", package))
    lesson = LessonPageFactory(course=page, title=f"{COURSE}第一讲", body=body)
    plan = CoursePlan(
        training_id=training.pk,
        node_id=county.branch.pk,
        starts_at=now - HOUR,
        ends_at=now + 10 * 24 * HOUR,
        rule_id=RuleFactory(basis=Rule.Basis.MEDIA).pk,
    )
    run = schedule_course(page_id=page.pk, plan=plan, as_of=now)
    open_occasion(occasion_id=run.pk, as_of=now)
    given = Given(run, page, lesson, video)
    watch(given, county.member, (0, 20_000))
    comment = write_comment(
        occasion_id=run.pk, lesson_id=lesson.pk, author_id=county.member.pk, client_id="k", text=COMMENT, as_of=now
    )
    show_comment(occasion_id=run.pk, comment_id=comment.pk, actor_id=county.organiser.pk, as_of=now)
    return given


def _planned(county: County, start: dt.datetime) -> Meeting:
    plan = GatheringPlan(
        node_id=county.branch.pk, form_code="assembly", title=MEETING, starts_at=start, ends_at=start + HOUR
    )
    return plan_gathering(plan=plan, actor_id=county.secretary.pk, as_of=start - HOUR)


def _met(county: County) -> Meeting:
    """A meeting that was held: two came, minutes were written."""
    now, meeting = timezone.now(), _planned(county, timezone.now() - 72 * HOUR)
    start, members = meeting.occasion.starts_at, [one.pk for one in county.members]
    came = dict.fromkeys(members[:2])
    said = Attendance(started_at=start, ended_at=start + HOUR, listed=members, present=came)
    write_attendance(occasion_id=meeting.pk, attendance=said, actor_id=county.secretary.pk, as_of=now)
    settle(occasion_id=meeting.pk, as_of=now)
    write_minutes(
        occasion_id=meeting.pk, studied=MEETING, decisions=[], place="", chair="", recorder="", seen=0,
        seen_book=book_mark(meeting),
        actor_id=county.secretary.pk, as_of=now,
    )  # fmt: skip
    return meeting


def _upload(county: County) -> Upload:
    now = timezone.now()
    return create_upload(owner_id=county.organiser.pk, length=1000, filename="fangxun.mp4", title=VIDEO, as_of=now)


def _library(county: County) -> tuple[Image, Document]:
    owner, pixels = county.organiser, io.BytesIO()
    Pixels.new("RGB", (64, 48), "green").save(pixels, "PNG")
    picture = ContentFile(pixels.getvalue(), name="shuigou.png")
    image = Image.objects.create(title=PICTURE, file=picture, uploaded_by_user=owner)
    file = ContentFile(b"%PDF-1.4 demo", name="jiangyi.pdf")
    paper = Document.objects.create(title=PAPER, file=file, uploaded_by_user=owner)
    drawn(paper)
    return image, paper


def write_video(video: Video) -> None:
    """The published files that the row promises."""
    keep_captions(video_id=video.pk, cues=[Cue(0, 1000, "先看安全")], origin="file", as_of=timezone.now())
    folder = storage.absolute(video.folder)
    folder.mkdir(parents=True)
    for name in ("master.m3u8", "480p.m3u8", "audio.m3u8"):
        (folder / name).write_text("#EXTM3U\n")
    for name in ("poster.jpg", "480p-1.m4s"):
        (folder / name).write_bytes(b"picture")


@contextmanager
def world_in(folder: Path) -> Iterator[World]:
    """The world for the time of the block, its files under ``folder``, its rows rolled back."""
    files = {"location": str(folder / "files")}
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": files},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    changed = {"VAR_DIR": folder, "MEDIA_ROOT": folder / "files", "STORAGES": storages, "MEDIA_ACCEL_PREFIX": ""}
    with override_settings(**changed):
        atomic = transaction.atomic()
        atomic._from_testcase = True  # type: ignore[attr-defined]  # as Django's TestCase marks its own
        with atomic:
            yield make_world()
            transaction.set_rollback(True)


def unknown_uuid() -> uuid.UUID:
    return uuid.UUID("00000000-0000-4000-8000-000000000000")
