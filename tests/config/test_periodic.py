"""Every periodic task of every app costs the same after ten years: few questions, and no table read from end to end."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.celery import app
from config.lrs_settings import Lrs
from live.operations import end_lecture
from media.models import Job, Video
from organizations.operations import end_membership
from organizations.queries import LEFT_LATELY, leaving_due
from tests.factories.attendance import be_present, open_lecture
from tests.factories.live import ChatMessageFactory, make_live
from tests.factories.organizations import County, make_county
from tests.query_plans import plan_of

DAY = dt.timedelta(days=1)
pytestmark = [pytest.mark.integration, pytest.mark.django_db]
# How many questions each asks at most when there is nothing to do; an app that adds a task names it here.
QUESTIONS = {
    "config.heartbeat": 7,
    "config.forget_hosts": 6,
    "config.look_at_chain": 40,  # of three seals
    "organizations.finish_leaving": 1,
    "organizations.prune_allowances": 3,
    "organizations.take_out": 4,
    "attendance.prepare_rosters": 2,
    "attendance.reap_leases": 1,
    "attendance.settle_dirty": 1,
    "attendance.lapse_halls": 1,
    "attendance.prune_guests": 1,
    "attendance.recompute": 1,
    "attendance.reconcile": 6,
    "attendance.remind": 7,
    "attendance.ask_for_receipts": 1,
    "attendance.prune_notices": 4,
    "attendance.tell_departures": 1,
    "attendance.seal_days": 2,
    "attendance.remove_evidence": 5,
    "attendance.make_monthly_files": 2,
    "attendance.fold_summary": 2,
    "attendance.check_summary": 80,  # some at each of the occasions of a night
    "meetings.close_year_books": 1,
    "certificates.look_after": 5,
    "api.end_lost_tokens": 1,
    "api.report": 4,
    "api.prune_deliveries": 1,
    "api.forward": 2,
    "api.prune_statements": 1,
    "quizzes.prune_answers": 2,
    "packages.drop_unnamed": 1,  # no folder, no question; those of replaced versions
    "media.reconcile_jobs": 8,
    "media.drop_replaced": 1,
    "media.drop_unnamed": 2,
    "media.abort_unfinished": 0,  # of a bucket
    "cms.reconcile_papers": 2,
    "courses.release_due": 2,
    "courses.prune_comments": 1,
    "live.tasks.end_forgotten_lectures": 1,
    "live.tasks.delete_old_chat": 11,
    "live.tasks.reconcile_slides": 2,
}
# A row a host, a name, an upload under way, a large roster being written, a link of a day, a month: never many.
SMALL = "config_mark|config_taskcount|media_upload|live_medianode|django_site|"
SMALL += "attendance_rosterwork|attendance_summarymark|organizations_signinlink|"
SMALL += "certificates_certificatesetting|certificates_certificatemark|"  # a row a training; who waits
SMALL += "api_webhook|api_change|api_delivery|"  # some dozens; a minute's; the oldest thousand by their numbers
SMALL += "attendance_removalpermit|attendance_monthlyfile|"
SMALL += r"sqlite_master|pg_\w+"  # what the tables and triggers are called
SEQUENTIAL = re.compile(rf"Seq Scan on (?!(?:{SMALL})\b)(\w+)")
# SQLite says SCAN for a whole index, too; a partial index holds only what waits.
PARTIAL = "roster_entry_dirty|recomputation_going|lease_alive_by_beat|video_replaced|membership_left_by_day"
PARTIAL += "|slide_deck_waiting|cms_page_expiring|departure_begun|api_token_alive|statement_recalled|statement_waiting"
WHOLE = re.compile(
    rf"SCAN (?!(?:{SMALL})\b)(\w+)(?! USING (?:COVERING )?INDEX (?:{PARTIAL}))\b(?! USING (?:COV|INDEX))"
)


def names() -> set[str]:
    app.finalize()
    return {str(entry["task"]) for entry in app.conf.beat_schedule.values()}


def test_each_task_is_named_here() -> None:
    assert names() == set(QUESTIONS)


@pytest.fixture
def years(var_dir: object, settings: Any) -> County:
    """What has been: a lecture that was held, one that is on, somebody who left, chat, a video that is ready."""
    settings.LRS = Lrs("http://127.0.0.1:9/xapi", "site", "secret")
    county = make_county()
    now = timezone.now()
    held, on = open_lecture(county.branch), make_live(county)
    be_present(held, county.member, 0, 3000)
    ChatMessageFactory(lecture=on, author=county.member, at=now)
    end_lecture(occasion_id=make_live(county).pk, as_of=now)
    end_membership(member_id=county.members[1].pk, because="transferred", on_date=now.date(), as_of=now)
    Job.objects.create(video=Video.objects.create(title="v", state="ready"), state=Job.State.DONE)
    return county


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_periodic_task_asks_little_and_by_indexes(name: str, years: County) -> None:
    app.tasks[name].apply()  # whatever was to do
    with CaptureQueriesContext(connection) as asked:
        app.tasks[name].apply(throw=True)
    questions = [one["sql"] for one in asked if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    assert len(questions) <= QUESTIONS[name], questions
    reads = [sql for sql in questions if sql.startswith("SELECT") and "FROM" in sql]
    pattern = SEQUENTIAL if connection.vendor == "postgresql" else WHOLE
    assert {sql: found for sql, found in ((sql, plan_of(sql)) for sql in reads) if pattern.search(found)} == {}


def test_who_left_long_ago_is_not_read_again(years: County) -> None:
    """Somebody whose membership ended as planned, and whom nobody signed off: found for a while, then read no more."""
    today = timezone.localdate()
    member = years.members[2]
    member.memberships.update(active_to_date=today, left_because="transferred")
    assert [one.member_id for one in leaving_due(on_date=today)] == [member.pk]
    assert [one.member_id for one in leaving_due(on_date=today + LEFT_LATELY - DAY)] == [member.pk]
    assert list(leaving_due(on_date=today + LEFT_LATELY)) == []
