"""CSV files as offices save them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.core.csvfile import UnableToDecode, decode, rows_of

pytestmark = pytest.mark.unit
HEADER = "组织,姓名,手机号\r\n"
han = st.text(st.characters(codec="gb18030", exclude_categories=["Cs", "Cc"]), max_size=30)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@given(text=han)
def test_every_encoding_comes_back(encoding: str, text: str) -> None:
    whole = HEADER + text.lstrip("\ufeff")
    assert decode(whole.encode(encoding)) == whole


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UnableToDecode):
        decode(b"\xff\xff\xff\x00\x80")


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_the_separator_is_found(separator: str) -> None:
    text = separator.join(["组织", "姓名", "手机号"]) + "\r\n" + separator.join(["一支部", "王", "138"]) + "\r\n"
    assert rows_of(text) == [(1, ["组织", "姓名", "手机号"]), (2, ["一支部", "王", "138"])]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=2, max_size=5), min_size=1))
def test_rows_come_back_as_they_were_written(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(["组织", "姓名", "手机号", "编号", "状态", "角色", "加入日期"] * 30)
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    assert [cells for _, cells in rows_of(out.getvalue())][1:] == rows


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\r\n', "sep=;\n"])
def test_a_line_for_excel_names_the_separator(line: str) -> None:
    assert rows_of(line + "组织;姓名;a,b,c,d\r\n") == [(2, ["组织", "姓名", "a,b,c,d"])]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_unicode_text_has_a_mark(encoding: str) -> None:
    assert decode(("\ufeff" + HEADER).encode(encoding)) == HEADER


def test_a_mark_without_text_is_refused() -> None:
    with pytest.raises(UnableToDecode):
        decode(b"\xff\xfe\x00")


def test_a_quote_without_an_end_is_refused() -> None:
    with pytest.raises(UnableToDecode):
        rows_of(HEADER + '"' + "x" * 200_000)
