"""People of the same name in one list."""

import pytest

from organizations.namesakes import told_apart

pytestmark = pytest.mark.unit


def test_only_who_shares_a_name_is_told_apart() -> None:
    people = [
        (1, "王强", "0012", "D1"), (2, "王强", "0034", None), (3, "李红", "0056", "D3"), (4, "王强", "", "DY000107"),
        (5, "王强", "", None), (3, "李红", "0056", "D3"), (6, "王强", None, None), (7, "王强", None, "DY000108"),
    ]  # fmt: skip
    assert told_apart(people) == {
        1: "王强（手机尾号 0012）", 2: "王强（手机尾号 0034）", 3: "李红", 4: "王强（编号尾号 0107）",
        5: "王强（无手机）", 6: "王强", 7: "王强（编号尾号 0108）",
    }  # fmt: skip
