"""When a reminder may go out, and what it may say."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from attendance.core import reminders

pytestmark = pytest.mark.unit
HERE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=HERE)


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("2026-09-01T06:59:59", "2026-09-01T07:00:00"),
        ("2026-09-01T07:00:00", "2026-09-01T07:00:00"),
        ("2026-09-01T21:59:59", "2026-09-01T21:59:59"),
        ("2026-09-01T22:00:00", "2026-09-02T07:00:00"),
        ("2026-09-01T00:00:00", "2026-09-01T07:00:00"),
        ("2026-12-31T23:59:59", "2027-01-01T07:00:00"),
        ("2028-02-28T22:30:00", "2028-02-29T07:00:00"),
    ],
)
def test_nothing_goes_out_at_night(asked: str, goes: str) -> None:
    assert reminders.after_quiet(at(asked)) == at(goes)
    assert reminders.is_quiet(at(asked)) == (asked != goes)


def test_a_wording_is_filled_once() -> None:
    values = {"姓名": "{培训}", "培训": "防汛避险"}
    assert reminders.fill("{姓名}，{培训}，{截止}", values) == "{培训}，防汛避险，{截止}"
    reminders.check_wording("{姓名}，您好：“{培训}”{截止} 前可以补学，{网址}（{支部}）")


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("  ", "empty", ""),
        ("学" * 121, "too_long", "121"),
        ("请\n学习", "line_break", ""),
        ("{名字}请学习", "unknown", "名字"),
        ("{}请学习", "unknown", ""),
        ("{姓名请学习", "brace", ""),
        ("姓名}请学习", "brace", ""),
        ("见 https://x", "address", "https:"),
        ("见 www.x", "address", "www."),
        ("见 fake-bank.com 领奖", "address", "fake-bank.com"),
    ],
)
def test_what_nobody_could_send_is_refused(text: str, code: str, word: str) -> None:
    with pytest.raises(reminders.UnableToReadWording) as error:
        reminders.check_wording(text)
    assert (error.value.code, error.value.word) == (code, word)


def test_a_message_is_tried_four_times() -> None:
    assert [reminders.retry_after(attempts) for attempts in (1, 2, 3, 4)] == [
        dt.timedelta(minutes=5), dt.timedelta(minutes=15), dt.timedelta(hours=1), None,
    ]  # fmt: skip
