"""What holds and how much: one table through SQL and Python, lengths of time said one way, corrections' whole lives."""

import datetime as dt
import itertools
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance import operations
from attendance.core.reasons import Code
from attendance.models import (
    Correction,
    NodeSummary,
    Occasion,
    Record,
    RecordState,
    RosterEntry,
    Rule,
    TrainingSummary,
)
from attendance.operations import offered_media, rebuild_occasion
from attendance.reports import Scope, report_named
from attendance.sentences.records import length, sentence
from attendance.standing import (
    COUNTED,
    WORST_FIRST,
    Amount,
    amount_of,
    asked_of,
    counted_as,
    standing_state,
    standings_of,
    state_label,
    what_holds,
    with_standing,
)
from attendance.views.detail import record_details
from organizations.models import User
from tests.attendance.people import MINUTE_MS, expect, make_occasion, make_rule, make_training, use_plain_kind
from tests.attendance.tampering import unguarded
from tests.factories.attendance import HOUR, START, be_present, open_lecture
from tests.factories.organizations import County, UserFactory, make_county

S = RecordState
EXPECTED, EXEMPT = RosterEntry.State.EXPECTED, RosterEntry.State.EXEMPT
OPEN, CLOSED, SETTLED = Occasion.State.OPEN, Occasion.State.CLOSED, Occasion.State.SETTLED
NOT_HELD, VOID = Occasion.State.NOT_HELD, Occasion.State.VOID
WINDOW, MEDIA = Rule.Basis.WINDOW, Rule.Basis.MEDIA


def held(verdict: str | None, correction: tuple[str, str, bool] | None) -> tuple[str, bool] | None:
    """What is written beside a record: (state that holds, whether a correction's); None without a record."""
    if verdict is None:
        return None
    said = None
    if correction is not None:
        corrected, was, is_same = correction
        said = Correction(state=corrected, was_state=was, evidence_digest="then" if not is_same else "now", pk=1)
    outcome = what_holds(
        state=verdict, hours=dt.timedelta(0),  # type: ignore[arg-type]
        digest="now", correction=said, full_hours=dt.timedelta(0),  # type: ignore[arg-type]
    )  # fmt: skip
    return outcome.state, outcome.correction_id is not None


# (roster, verdict, correction (to, was, on the same evidence), occasion, basis) -> how the person stands
TABLE: list[tuple[str, str | None, tuple[str, str, bool] | None, str, str, str]] = [
    (EXPECTED, None, None, OPEN, WINDOW, "pending"),
    (EXPECTED, None, None, OPEN, MEDIA, "due"),
    (EXPECTED, None, None, CLOSED, WINDOW, "pending"),
    (EXPECTED, None, None, CLOSED, MEDIA, "pending"),
    (EXPECTED, None, None, SETTLED, WINDOW, "pending"),
    (EXPECTED, S.PENDING, None, OPEN, WINDOW, "pending"),
    (EXPECTED, S.PENDING, None, OPEN, MEDIA, "due"),
    (EXPECTED, S.PENDING, None, CLOSED, MEDIA, "pending"),
    # A lecture that is open again is not decided, whatever was judged or said of it before.
    (EXPECTED, S.MISSING, None, OPEN, WINDOW, "pending"),
    (EXPECTED, S.ATTENDED, None, OPEN, WINDOW, "pending"),
    (EXPECTED, S.MISSING, (S.ATTENDED, S.MISSING, True), OPEN, WINDOW, "pending"),
    # A course is done as soon as enough was studied.
    (EXPECTED, S.ATTENDED, None, OPEN, MEDIA, "attended"),
    (EXPECTED, S.EXCUSED, None, OPEN, MEDIA, "excused"),
    (EXPECTED, S.PENDING, (S.ATTENDED, S.PENDING, True), OPEN, MEDIA, "attended"),
    (EXPECTED, S.MISSING, None, SETTLED, WINDOW, "missing"),
    (EXPECTED, S.INCOMPLETE, None, SETTLED, WINDOW, "incomplete"),
    (EXPECTED, S.MADE_UP, None, SETTLED, WINDOW, "made_up"),
    (EXPECTED, S.MISSING, (S.ATTENDED, S.MISSING, True), SETTLED, WINDOW, "attended"),
    (EXPECTED, S.ATTENDED, (S.MISSING, S.ATTENDED, True), SETTLED, WINDOW, "missing"),
    # New evidence, but no better than when the correction was made: the correction holds.
    (EXPECTED, S.MISSING, (S.EXCUSED, S.MISSING, False), SETTLED, WINDOW, "excused"),
    (EXPECTED, S.ATTENDED, (S.MISSING, S.ATTENDED, False), SETTLED, WINDOW, "missing"),
    # New evidence that makes it better than the correction says: the record holds again.
    (EXPECTED, S.MADE_UP, (S.MISSING, S.EXCUSED, False), SETTLED, WINDOW, "made_up"),
    (EXPECTED, S.ATTENDED, (S.MISSING, S.PENDING, False), SETTLED, WINDOW, "attended"),
    (EXPECTED, S.MADE_UP, (S.ATTENDED, S.MISSING, False), SETTLED, WINDOW, "attended"),
    (EXEMPT, None, None, OPEN, WINDOW, "exempt"),
    (EXEMPT, None, None, OPEN, MEDIA, "exempt"),
    (EXEMPT, None, None, SETTLED, WINDOW, "exempt"),
    (EXEMPT, S.EXEMPT, None, SETTLED, WINDOW, "exempt"),
    (EXEMPT, S.EXEMPT, (S.ATTENDED, S.EXEMPT, True), SETTLED, WINDOW, "attended"),
    (EXPECTED, None, None, NOT_HELD, WINDOW, "not_held"),
    (EXPECTED, S.MISSING, None, NOT_HELD, WINDOW, "not_held"),
    (EXPECTED, S.MISSING, (S.ATTENDED, S.MISSING, True), VOID, WINDOW, "void"),
    (EXEMPT, None, None, VOID, MEDIA, "void"),
]  # fmt: skip


@pytest.mark.integration
@pytest.mark.parametrize(("entry", "verdict", "correction", "occasion", "basis", "expected"), TABLE)
def test_sql_and_python_say_the_same(
    db: None, settings: Any, entry: str, verdict: str | None, correction: Any, occasion: str, basis: str, expected: str
) -> None:
    use_plain_kind(settings)
    county = make_county(members=1)
    rule = make_rule(name="表", basis=basis)
    it = make_occasion(make_training(county.county), state=occasion, rule=rule, media_ms=60_000)
    expect(it, county.member, county.branch, state=entry)
    outcome = held(verdict, correction)
    if outcome is not None:
        record = Record.objects.create(
            occasion=it, member=county.member, state=verdict, stands=outcome[0], rule_version="", evidence_digest="now",
            judged_at=timezone.now(),
        )  # fmt: skip
        if correction is not None:
            signed = Correction.objects.create(
                record=record, state=correction[0], was_state=correction[1], reason="在场", author=county.secretary,
                at=timezone.now(),
            )  # fmt: skip
            if outcome[1]:
                Record.objects.filter(pk=record.pk).update(stands_by=signed)
    record_now = Record.objects.filter(occasion=it).first()
    in_python = standing_state(entry_state=entry, occasion_state=occasion, basis=basis, record=record_now)
    [in_sql] = with_standing(RosterEntry.objects.all()).values_list("stands", flat=True)
    assert (in_sql, in_python) == (expected, expected)
    assert state_label(in_sql)
    rebuild_occasion(occasion_id=it.pk)
    counted = counted_as(entry_state=entry, record=record_now)
    at_unit = NodeSummary.objects.filter(node=county.branch).values(*COUNTED).first()
    assert at_unit == {state: int(state == counted) for state in COUNTED}
    people = TrainingSummary.objects.filter(node=county.branch).values(*WORST_FIRST).first()
    assert people == ({state: int(state == expected) for state in WORST_FIRST} if expected in WORST_FIRST else None)


@pytest.mark.integration
def test_no_combination_makes_them_differ(db: None, settings: Any) -> None:
    use_plain_kind(settings)
    county = make_county(members=1)
    rules = [make_rule(name=basis, basis=basis) for basis in (WINDOW, MEDIA)]
    training = make_training(county.county)
    expected = {}
    verdicts = [None, *S.values]
    for state, rule, roster, stands, signed in itertools.product(
        [OPEN, CLOSED, SETTLED, NOT_HELD, VOID], rules, [EXPECTED, EXEMPT], verdicts, [False, True]
    ):
        it = make_occasion(training, state=state, rule=rule, media_ms=60_000)
        expect(it, county.member, county.branch, state=roster)
        record = None
        if stands is not None:
            record = Record.objects.create(
                occasion=it, member=county.member, state=stands, stands=stands, judged_at=timezone.now()
            )
            if signed:
                record.stands_by = Correction.objects.create(
                    record=record, state=stands, reason="在场", author=county.secretary, at=timezone.now()
                )
                record.save()
        expected[it.pk] = standing_state(entry_state=roster, occasion_state=state, basis=rule.basis, record=record)
    assert dict(with_standing(RosterEntry.objects.all()).values_list("occasion_id", "stands")) == expected


@pytest.mark.unit
@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "0 秒"), (999, "0 秒"), (49_999, "49 秒"), (60_000, "1 分钟"), (65_000, "1 分 05 秒"),
        (289_000, "4 分 49 秒"),
        (2_880_000, "48 分钟"), (3_725_000, "62 分 05 秒"), (-5, "0 秒"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_said_one_way(ms: int, said: str) -> None:
    assert length(ms) == said


@pytest.mark.unit
@pytest.mark.parametrize(
    ("done", "needed", "said"),
    [
        (0, 288_080, ("0 秒", "4 分 48 秒", False)),
        (174_300, 288_080, ("2 分 54 秒", "1 分 54 秒", False)),
        (174_100, 288_900, ("2 分 54 秒", "1 分 54 秒", False)),
        (288_050, 288_080, ("4 分 48 秒", "1 秒", False)),
        (288_080, 288_080, ("4 分 48 秒", "", True)),
    ],
)
def test_what_counts_and_what_is_left_make_what_is_asked(done: int, needed: int, said: tuple[str, str, bool]) -> None:
    amount = Amount(done, needed, 360_100)
    assert (amount.done, amount.left, amount.is_enough) == said
    assert amount.asked == f"看满 {needed / 3601:.3g}%（4 分 48 秒）就算学完"


@pytest.mark.unit
def test_nothing_is_asked_while_the_length_is_not_known() -> None:
    assert (Amount(0, 0, 0).asked, Amount(0, 0, 0).is_enough) == ("", False)


@pytest.mark.unit
@pytest.mark.parametrize("code", [code.value for code in Code])
def test_a_reason_of_another_version_costs_its_own_sentence(code: str) -> None:
    assert isinstance(sentence({"code": code}), str)
    assert isinstance(sentence({"code": code, "ms": "x", "clock": 7, "share": None}, basis=MEDIA), str)


# ---- whole lives of a correction -------------------------------------------------------------------------------------


@pytest.fixture
def county(db: None, settings: Any) -> County:
    return make_county(members=2)


@pytest.fixture
def lecture(county: County) -> Occasion:
    return open_lecture(county.branch)


def end(lecture: Occasion) -> None:
    operations.close_occasion(occasion_id=lecture.pk, as_of=START + HOUR)
    operations.settle(occasion_id=lecture.pk, as_of=START + HOUR)


def correct(client: Client, county: County, lecture: Occasion, member: User, state: str) -> None:
    """Correct over HTTP, as the secretary does."""
    client.force_login(county.secretary)
    url = f"/branch/occasions/{lecture.pk}/members/{member.pk}/correct/"
    answer = client.post(url, {"state": state, "reason": "现场核对过"})
    assert answer.status_code == 302, answer.content.decode()


def shown(client: Client, user: User, url: str) -> str:
    client.force_login(user)
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def watch_replay(lecture: Occasion, member: User, *, as_of: dt.datetime) -> None:
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=as_of)
    state = operations.start_watch(
        occasion_id=lecture.pk, member_id=member.pk, device="p1", media="replay", as_of=as_of
    )
    for part in range(6):
        at = as_of + dt.timedelta(minutes=10 * (part + 1))
        operations.report_watched(
            session_id=state.session_id, member_id=member.pk, client_id=f"r{part}", rate=1.0, as_of=at,
            ranges_ms=[(part * 600_000, (part + 1) * 600_000)], position_ms=(part + 1) * 600_000,
        )  # fmt: skip


@pytest.mark.integration
def test_a_leave_by_mistake_corrected_then_made_up(client: Client, county: County, lecture: Occasion) -> None:
    member = county.member
    operations.approve_leave(
        occasion_id=lecture.pk, member_id=member.pk, category="sick", recorded_by_id=county.secretary.pk, as_of=START
    )
    end(lecture)
    correct(client, county, lecture, member, S.MISSING)
    record_url = f"/me/records/{lecture.pk}/"
    assert '<span class="chip due">未参加</span>' in shown(client, member, record_url)
    watch_replay(lecture, member, as_of=START + 2 * HOUR)
    said = "更正后又有新的记录，已按新记录认定"
    own = shown(client, member, record_url)
    assert '<span class="chip ok">已补学</span>' in own
    assert said in own
    page = shown(client, county.secretary, f"/branch/{lecture.training_id}/")
    assert said in page
    assert f"/members/{member.pk}/" in page.split(said)[1]
    assert said in shown(client, county.secretary, f"/branch/{lecture.training_id}/members/{member.pk}/")
    # Corrected again, the secretary's word holds again, and there is nothing to tell any more.
    correct(client, county, lecture, member, S.MISSING)
    assert said not in shown(client, county.secretary, f"/branch/{lecture.training_id}/")
    assert '<span class="chip due">未参加</span>' in shown(client, member, record_url)


@pytest.mark.integration
def test_corrected_during_the_lecture_then_present(client: Client, county: County, lecture: Occasion) -> None:
    member = county.member
    be_present(lecture, member, 0, 60)
    correct(client, county, lecture, member, S.MISSING)
    assert '<span class="chip plain">正在进行</span>' in shown(client, member, f"/me/records/{lecture.pk}/")
    be_present(lecture, member, 60, 3500)
    end(lecture)
    assert '<span class="chip ok">已参加</span>' in shown(client, member, f"/me/records/{lecture.pk}/")


@pytest.mark.integration
def test_hours_follow_what_holds(client: Client, county: County, lecture: Occasion) -> None:
    member = county.member
    Occasion.objects.filter(pk=lecture.pk).update(starts_at=timezone.now().replace(month=1, day=2))
    end(lecture)
    assert '<span class="big">0<small>' in shown(client, member, "/me/")
    correct(client, county, lecture, member, S.ATTENDED)
    assert '<span class="big">1<small>' in shown(client, member, "/me/")
    correct(client, county, lecture, member, S.EXCUSED)
    assert '<span class="big">0<small>' in shown(client, member, "/me/")
    client.force_login(member)
    (held,) = client.get("/me/data.json").json()["records"]
    assert float(held["stands_hours"]) == 0, "nor do they stand in what the member downloads"


@pytest.mark.integration
@pytest.mark.parametrize("state", [NOT_HELD, VOID])
def test_what_was_called_off_cannot_be_corrected(county: County, lecture: Occasion, state: str) -> None:
    Occasion.objects.filter(pk=lecture.pk).update(state=state)
    with pytest.raises(operations.UnableToRecord, match="没有举行或已经作废"):
        operations.correct_record(
            occasion_id=lecture.pk, member_id=county.member.pk, state=S.ATTENDED, reason="在场",
            author_id=county.secretary.pk, as_of=START + HOUR,
        )  # fmt: skip


@pytest.mark.integration
def test_a_stranger_to_the_roster_cannot_be_corrected(county: County, lecture: Occasion) -> None:
    with pytest.raises(operations.UnableToRecord, match="应到名单"):
        operations.correct_record(
            occasion_id=lecture.pk, member_id=UserFactory().pk, state=S.ATTENDED, reason="在场",
            author_id=county.secretary.pk, as_of=START + HOUR,
        )  # fmt: skip


@pytest.mark.integration
def test_the_numbers_are_those_that_decided(county: County, lecture: Occasion) -> None:
    be_present(lecture, county.member, 0, 1800)
    end(lecture)
    lecture.refresh_from_db()
    asked = asked_of(occasion=lecture, as_of=START + HOUR)
    record = Record.objects.get(occasion=lecture, member=county.member)
    other = Record.objects.get(occasion=lecture, member=county.members[1])
    half = Amount(30 * MINUTE_MS, 48 * MINUTE_MS, 60 * MINUTE_MS, "window")
    assert amount_of(asked, record.reasons, state=S.MISSING) == half
    assert amount_of(asked, other.reasons, state=S.MISSING) == amount_of(asked, None, state=S.PENDING) == asked
    assert (asked.done_ms, asked.needed_ms) == (0, 48 * MINUTE_MS)


@pytest.mark.integration
def test_every_page_counts_the_same_of_who_was_enough_and_is_corrected(county: County, lecture: Occasion) -> None:
    """Finding: code 1 (what state holds is decided in three places)."""
    be_present(lecture, county.member, 0, 3600)
    end(lecture)
    operations.correct_record(
        occasion_id=lecture.pk, member_id=county.member.pk, state=S.MISSING, reason="手机在，人不在",
        author_id=county.secretary.pk, as_of=START + HOUR,
    )  # fmt: skip
    lecture.refresh_from_db()
    at = START + HOUR
    scope = Scope(training=lecture.training, node=county.branch, as_of=at)
    [own] = standings_of(occasions=[lecture], member_id=county.member.pk, as_of=at).values()
    [detail] = record_details(member_id=county.member.pk, as_of=at)
    [row] = [one for one in report_named("missing").rows(scope) if one[1] == county.member.name]
    said = [(one.state, one.amount.done_ms, one.amount.left_ms) for one in (own, detail)]
    assert said == [(S.MISSING, 0, 48 * MINUTE_MS)] * 2
    assert row[8:10] == (0, 48)


@pytest.mark.integration
def test_what_is_studied_after_a_correction_counts_by_itself(client: Client, county: County, lecture: Occasion) -> None:
    """Ticked in the hall by mistake, corrected to missing: whoever then watches it all has made it up."""
    member = county.member
    operations.record_hall(
        occasion_id=lecture.pk, member_ids=[member.pk], started_at=START, ended_at=START + HOUR,
        recorded_by_id=county.secretary.pk, as_of=START + HOUR,
    )  # fmt: skip
    end(lecture)
    correct(client, county, lecture, member, S.MISSING)
    with unguarded("attendance_correction"):  # made through the page, and so now
        Correction.objects.update(at=START + HOUR)
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=START + HOUR)
    own = shown(client, member, f"/me/records/{lecture.pk}/")
    assert '<span class="chip due">未参加</span>' in own
    watch_replay(lecture, member, as_of=START + 2 * HOUR)
    assert '<span class="chip ok">已补学</span>' in shown(client, member, f"/me/records/{lecture.pk}/")
    assert Record.objects.get(member=member).stands_hours == Record.objects.get(member=member).hours > 0


@pytest.mark.integration
def test_a_replay_that_comes_later_changes_what_is_still_asked(
    county: County, lecture: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded from minute 15: of an hour that nobody saw, a share of 45 minutes is asked."""
    be_present(lecture, county.member, 0, 60)
    end(lecture)
    at = START + HOUR
    monkeypatch.setattr(offered_media, "queue_settling", lambda key: operations.settle(occasion_id=key, as_of=at))
    operations.set_replay(occasion_id=lecture.pk, media_ms=2_700_000, media_offset_ms=-900_000, as_of=at)
    reasons = Record.objects.get(occasion=lecture, member=county.member).reasons
    shares = [(one["ms"], one["need_ms"], one["of_ms"]) for one in reasons if one["code"] == Code.SHARE]
    assert shares == [(0, 2_160_000, 2_700_000)]
    asked = asked_of(occasion=Occasion.objects.get(pk=lecture.pk), as_of=at)
    assert (asked.needed_ms, asked.total_ms) == (2_160_000, 2_700_000)


@pytest.mark.integration
@pytest.mark.parametrize(("items", "asked"), [({"one": 120_000, "two": 60_000}, (144_000, 180_000)), (None, (0, 0))])
def test_a_course_that_has_not_begun_asks_for_its_films_and_not_for_its_days(
    county: County, items: dict[str, int] | None, asked: tuple[int, int]
) -> None:
    """Its rule is not stamped yet, and it runs for days: it was said to take as many minutes as they have."""
    course = make_occasion(
        make_training(county.branch), state="scheduled", rule=make_rule(basis="media"),
        starts_at=timezone.now() + HOUR, media_items=items, media_ms=sum(items.values()) if items else None,
    )  # fmt: skip
    assert course.rule_stamp is None
    found = asked_of(occasion=course, as_of=timezone.now())
    assert (found.needed_ms, found.total_ms, found.basis) == (*asked, "media")


@pytest.mark.integration
def test_the_last_of_two_corrections_holds_when_evidence_comes_later(
    client: Client, county: County, lecture: Occasion
) -> None:
    """Settling reads the corrections anew: the first of them must not come back with it."""
    member = county.member
    end(lecture)
    correct(client, county, lecture, member, S.ATTENDED)
    correct(client, county, lecture, member, S.EXCUSED)
    operations.record_hall(
        occasion_id=lecture.pk, member_ids=[member.pk], started_at=START, ended_at=START + HOUR / 6,
        recorded_by_id=county.secretary.pk, as_of=START + 2 * HOUR,
    )  # fmt: skip
    record = Record.objects.get(occasion=lecture, member=member)
    assert (record.state, record.stands, record.stands_hours) == (S.MISSING, S.EXCUSED, 0)
