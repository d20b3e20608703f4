"""Reports and names: nothing is taken that cannot be kept."""

import json
from typing import Any

import pytest

from packages.core.names import decoded, is_fit, is_litter
from packages.core.reports import MOST_BYTES, MOST_SUSPENDED, UnfitReport, read_report, said_done

pytestmark = pytest.mark.unit
GOOD: dict[str, Any] = {
    "id": "0" * 32, "version": 1, "seen": 0, "status": "incomplete", "success": "", "score": 50,
    "location": "3", "suspend": "x", "total_ms": 1000,
}  # fmt: skip


def test_a_report_is_read() -> None:
    report = read_report(GOOD)
    assert (report.status, report.score, report.suspend_data, report.is_done) == ("incomplete", 50.0, "x", False)
    assert read_report({**GOOD, "score": None}).score is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"id": "1"}, "malformed"),
        ({"id": 1}, "malformed"),
        ({"status": "great"}, "malformed"),
        ({"success": "great"}, "malformed"),
        ({"location": "\0"}, "malformed"),
        ({"suspend": "\ud800"}, "malformed"),
        ({"version": True}, "malformed"),
        ({"seen": -1}, "malformed"),
        ({"total_ms": 1.5}, "malformed"),
        ({"score": "9"}, "malformed"),
        ({"score": float("nan")}, "malformed"),
        ({"score": 1e7}, "malformed"),
        ({"location": "x" * 1001}, "large"),
        ({"suspend": "字" * (MOST_SUSPENDED + 1)}, "large"),
    ],
)
def test_what_is_no_report_is_refused(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(UnfitReport) as told:
        read_report({**GOOD, **changed})
    assert told.value.code == code


def test_as_much_is_remembered_as_scorm_2004_promises() -> None:
    for sign in "字\x01\U00020000":
        report = {**GOOD, "suspend": sign * MOST_SUSPENDED}
        assert len(read_report(report).suspend_data) == MOST_SUSPENDED
        assert len(json.dumps(report, ensure_ascii=sign == "\x01").encode()) < MOST_BYTES


def test_a_report_is_an_object() -> None:
    with pytest.raises(UnfitReport):
        read_report([])


@pytest.mark.parametrize(
    ("status", "success", "done"),
    [
        ("completed", "", True),
        ("passed", "", True),
        ("failed", "", False),
        ("completed", "failed", False),
        ("incomplete", "passed", True),
        ("incomplete", "unknown", False),
    ],
)
def test_whoever_failed_has_not_finished(status: str, success: str, done: bool) -> None:
    assert said_done(status, success) is done


def test_names_of_chinese_windows_are_read() -> None:
    assert decoded("第一节.html".encode("gbk").decode("cp437"), 0) == "第一节.html"
    assert decoded("第一节.html".encode().decode("cp437"), 0) == "第一节.html"
    assert decoded("第\\一.html", 0x800) == "第/一.html"
    assert decoded("\u00ff", 0) != "", "neither of them"


@pytest.mark.parametrize(
    "name", ["../a", "/a", "a//b", "a/./b", "c:/a", "a\nb", "x" * 201, "/".join(["abcdefgh"] * 50), ""]
)
def test_names_that_lead_out_are_not_fit(name: str) -> None:
    assert not is_fit(name)


def test_what_systems_leave_behind_is_litter() -> None:
    assert is_fit("a/第一节.html")
    assert [is_litter(name) for name in ("__MACOSX/a", "a/.DS_Store", "a/b")] == [True, True, False]
