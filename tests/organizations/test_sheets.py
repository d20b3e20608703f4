"""Hostile and broken roster files: named plainly, read by nothing that could be hurt."""

import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from organizations import roster_texts
from organizations.core.roster import UnableToReadRoster
from organizations.sheets import read_table

pytestmark = pytest.mark.unit
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>'


def workbook(path: Path, *rows: list[Any]) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return path


def rezip(path: Path, change: dict[str, bytes], **added: bytes) -> Path:
    """Rewrite a workbook with some parts replaced or added."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in {**parts, **change, **added}.items():
            new.writestr(name, data)
    return path


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(UnableToReadRoster) as refusal:
        read_table(path, **options)
    (problem,) = refusal.value.problems
    assert problem.row == 0
    assert roster_texts.sentence(problem)
    return problem.code


def test_rows_keep_their_numbers_and_kinds(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["组织", "姓名"], [], ["一支部", 13800000001, True])
    assert read_table(path)[0].rows == [(1, ["组织", "姓名", ""]), (3, ["一支部", 13800000001.0, True])]


def test_what_a_file_is_shows_in_its_bytes(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["组织", "姓名"])
    path.rename(tmp_path / "a.xls")
    assert read_table(tmp_path / "a.xls")[0].rows[0] == (1, ["组织", "姓名"])
    assert read_table(tmp_path / "a.xls", name="b.csv")[0].rows[0] == (1, ["组织", "姓名"])


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.xlsx", b"", "empty"),
        ("a.csv", b"", "empty"),
        ("a.xlsx", "组织,姓名".encode(), "unreadable"),
        ("a.xls", b"<html><table></table></html>", "unreadable"),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 200, "unreadable"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "unreadable"),
        ("a.pdf", b"%PDF-1.7", "unknown_kind"),
        ("a", b"x", "unknown_kind"),
        ("a.csv", b"\xff\xff\x00\x80", "encoding"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert refused(path) == code


def test_a_file_that_is_too_big_is_not_opened(tmp_path: Path, settings: Any) -> None:
    settings.ROSTER_MAX_BYTES = 100
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 200)
    assert refused(path) == "too_big"


def test_a_bomb_is_refused_from_the_directory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb, bomb.open("xl/media/x.bin", "w") as part:
        for _ in range(410):
            part.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    assert refused(path) == "too_big_unpacked"


def test_a_directory_that_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    path = rezip(workbook(tmp_path / "a.xlsx", ["组织", "姓名"]), {}, **{"xl/media/x.bin": bytes(5_000_000)})
    data = bytearray(path.read_bytes())
    for marker, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.rfind(
            marker, 0, data.rfind(b"xl/media/x.bin") if marker == b"PK\x01\x02" else data.find(b"xl/media/x.bin")
        )
        struct.pack_into("<I", data, at + offset, 10)
    path.write_bytes(data)
    assert refused(path) == "unreadable"


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"]
)
def test_entities_are_refused_in_every_part(tmp_path: Path, part: str) -> None:
    path = workbook(tmp_path / "a.xlsx", ["组织", "姓名"])
    with zipfile.ZipFile(path) as archive:
        data = archive.read(part)
    body = data.split(b"?>", 1)[1]
    assert refused(rezip(path, {part: DOCTYPE + body})) == "hostile"


def test_two_far_apart_cells_do_not_make_a_giant_table(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "组织")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    assert refused(path) == "too_many_rows"


def test_too_many_columns_and_rows(tmp_path: Path, settings: Any) -> None:
    assert refused(workbook(tmp_path / "a.xlsx", ["x"] * 51)) == "too_many_columns"
    (tmp_path / "a.csv").write_text(",".join("x" * 51))
    assert refused(tmp_path / "a.csv") == "too_many_columns"
    settings.ROSTER_MAX_ROWS = 3
    assert refused(workbook(tmp_path / "b.xlsx", *[["x"]] * 4)) == "too_many_rows"
    (tmp_path / "b.csv").write_text("x\n" * 4)
    assert refused(tmp_path / "b.csv") == "too_many_rows"


def test_an_encrypted_workbook_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["组织", "姓名"])
    data = bytearray(path.read_bytes())
    for marker, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(marker)
        while at >= 0:
            struct.pack_into("<H", data, at + offset, struct.unpack_from("<H", data, at + offset)[0] | 1)
            at = data.find(marker, at + 4)
    path.write_bytes(data)
    assert refused(path) == "encrypted"


def test_a_reader_that_dies_is_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dying = tmp_path / "dying.py"
    dying.write_text("import os; os.abort()")
    monkeypatch.setattr("organizations.sheets.READER", dying)
    assert refused(workbook(tmp_path / "a.xlsx", ["组织"])) == "unreadable"


def test_a_reader_that_never_ends_is_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeping = tmp_path / "sleeping.py"
    sleeping.write_text("import time; time.sleep(60)")
    monkeypatch.setattr("organizations.sheets.READER", sleeping)
    monkeypatch.setattr("organizations.sheets.READER_TIMEOUT_S", 0.2)
    assert refused(workbook(tmp_path / "a.xlsx", ["组织"])) == "unreadable"


def test_random_damage_never_escapes(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", ["组织", "姓名", "手机号"], ["一支部", "王", 138]).read_bytes()
    for at in range(60, len(whole), len(whole) // 12):
        path = tmp_path / "damaged.xlsx"
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            rows = read_table(path)[0].rows
        except UnableToReadRoster as refusal:
            rows = [(problem.row, [problem.code]) for problem in refusal.problems]
        assert rows
