"""The list of what is held about somebody at a lecture."""

import pytest

from attendance.core.intervals import ms_of
from attendance.models import PresenceSpan, Rule
from attendance.operations import close_occasion, record_hall
from attendance.queries import judged
from attendance.sentences.records import sentence
from attendance.views.timeline import items_of, strip_of
from tests.factories.attendance import HOUR, START, be_present, open_lecture
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_a_gap_that_is_nobodys_is_not_called_a_broken_line() -> None:
    county = make_county()
    lecture = open_lecture(county.branch)
    for start, end in ((0, 600), (620, 1200), (1320, 3600)):
        be_present(lecture, county.member, start, end)
    begin = ms_of(START)
    lecture.paused_ms, lecture.away_ms = [[begin + 601_000, begin + 619_000]], [[begin + 1_200_000, begin + 1_300_000]]
    spans = list(PresenceSpan.objects.filter(member=county.member).order_by("started_at"))
    titles = [item.title for item in items_of(lecture, spans, [], None, START + HOUR) if not item.counts]
    assert titles == ["中间休息或暂停，这段时间不算", "系统中断，这段时间不影响认定"]
    lecture.paused_ms, lecture.away_ms = [], []
    gaps = [(item.title, item.counts) for item in items_of(lecture, spans, [], None, START + HOUR)]
    assert [gap for gap in gaps if gap[0] != "手机在线观看"] == [
        ("短暂断开，已按连续计算", True),
        ("这段时间没有连接，不计入", False),
    ]


def test_a_break_that_nobody_could_notice_is_not_listed() -> None:
    """It was told as "断开 0 秒，已按连续计算（不计入）"."""
    county = make_county()
    lecture = open_lecture(county.branch)
    be_present(lecture, county.member, 0, 600)
    be_present(lecture, county.member, 600.4, 1200)
    spans = list(PresenceSpan.objects.filter(member=county.member).order_by("started_at"))
    assert [item.title for item in items_of(lecture, spans, [], None, START + HOUR)] == ["手机在线观看"] * 2
    assert sentence({"code": "bridged", "count": 1, "ms": 400}) == ""
    assert sentence({"code": "bridged", "count": 1, "ms": 16_000}) == "短暂断开 1 次，共 16 秒，已按连续计算"


def test_several_pages_of_one_browser_are_one_line() -> None:
    """Twice open at once, closed one after the other, opened again later: two stretches, no time that looks lost."""
    county = make_county()
    lecture = open_lecture(county.branch)
    for start, end in ((0, 1200), (60, 600), (300, 1500), (2400, 3600)):
        be_present(lecture, county.member, start, end, device="a" * 32)
    spans = list(PresenceSpan.objects.filter(member=county.member).order_by("started_at"))
    items = [item for item in items_of(lecture, spans, [], None, START + HOUR) if item.counts]
    told = [((item.started_at - START).seconds, (item.ended_at - START).seconds, item.notes) for item in items]
    assert told == [(0, 1500, ("同一部设备开了几个页面，只算一次",)), (2400, 3600, ())]

    be_present(lecture, county.member, 1000, 1300, device="b" * 32)
    spans = list(PresenceSpan.objects.filter(member=county.member).order_by("started_at"))
    items = [item for item in items_of(lecture, spans, [], None, START + HOUR) if item.counts]
    both = ("两部设备同时在线，只算一次", "同一部设备开了几个页面，只算一次")
    assert [item.notes for item in items] == [both, both[:1], ()]


def test_the_strip_says_how_one_was_there_and_when_not() -> None:
    """Phone, then the hall with the phone still on, the site away, then nothing: each stretch once, in its order."""
    county = make_county()
    lecture = open_lecture(county.branch)
    be_present(lecture, county.member, 0, 1200)
    close_occasion(occasion_id=lecture.pk, as_of=START + HOUR)
    record_hall(
        occasion_id=lecture.pk, member_ids=[county.member.pk], started_at=START + HOUR / 4, ended_at=START + HOUR / 2,
        recorded_by_id=county.secretary.pk, as_of=START + HOUR,
    )  # fmt: skip
    lecture.refresh_from_db()
    begin = ms_of(START)
    lecture.away_ms = [[begin + 2_000_000, begin + 2_400_000]]
    verdict = judged(occasion=lecture, member_id=county.member.pk, as_of=START + HOUR)
    chart = strip_of(lecture, verdict, START + HOUR)
    assert chart is not None
    assert [row[1] for row in chart.rows] == [
        "在线，20 分钟",
        "集中收看，10 分钟",
        "没有参加，3 分 20 秒",
        "系统中断或暂停，不影响认定，6 分 40 秒",
        "没有参加，20 分钟",
    ]


def test_a_course_has_no_hour_to_draw() -> None:
    county = make_county()
    lecture = open_lecture(county.branch)
    verdict = judged(occasion=lecture, member_id=county.member.pk, as_of=START)
    lecture.rule.basis = Rule.Basis.MEDIA
    assert strip_of(lecture, verdict, START) is None
