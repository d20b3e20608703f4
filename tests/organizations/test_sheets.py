"""Hostile and broken roster files: named plainly, read by nothing that could be hurt."""

import datetime as dt
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from organizations.core.roster import Area, NoValue, UnableToReadRoster
from organizations.sentences import roster_file
from organizations.sheets import read_table
from tests.factories.old_excel import compound_file, old_workbook

pytestmark = pytest.mark.unit
OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns:"
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
    assert roster_file.sentence(problem)
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


# --- what people's files have beside their values ---


HEAD = ["组织", "姓名", "手机号"]
WANG, LI = ["一支部", "王建国", "13800000001"], ["", "李秀英", "13800000002"]


def test_every_visible_sheet_comes_in_and_hidden_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("第一支部", "旧名单", "第二支部"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, HEAD)
            sheet.write_row(1, 0, WANG)
            if name == "旧名单":
                sheet.hide()
    read = [(sheet.name, sheet.left_out, len(sheet.rows)) for sheet in read_table(path)]
    assert read == [("第一支部", "", 2), ("旧名单", "hidden", 0), ("第二支部", "", 2)]


def test_hidden_rows_and_merged_cells_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("空的")
        sheet = book.add_worksheet("名册")
        sheet.write_row(0, 0, HEAD)
        sheet.merge_range(1, 0, 2, 0, "一支部")
        sheet.write_row(1, 1, WANG[1:])
        sheet.write_row(2, 1, LI[1:])
        sheet.set_row(2, None, None, {"hidden": True})
    (first, sheet) = read_table(path)
    assert (first.name, first.rows, first.hidden_rows) == ("空的", [], frozenset())
    assert (sheet.hidden_rows, sheet.merged) == ({3}, (Area(2, 1, 3, 1),))


@pytest.mark.parametrize("mini", [False, True])
def test_hidden_rows_merged_cells_errors_and_the_calendar_of_an_old_workbook(tmp_path: Path, *, mini: bool) -> None:
    path = tmp_path / "a.xls"
    stream = old_workbook([HEAD, WANG, LI], hidden_rows=(2,), merged=(1, 2, 0, 0), error_at=(2, 1), epoch_1904=True)
    path.write_bytes(compound_file({"Workbook": stream}, mini=mini))
    (sheet,) = read_table(path)
    assert (sheet.hidden_rows, sheet.merged, sheet.epoch) == ({3}, (Area(2, 1, 3, 1),), dt.date(1904, 1, 1))
    assert sheet.rows[2] == (3, ["", NoValue("error"), "13800000002"])


def open_document(path: Path, rows: str, *, manifest: str = "") -> Path:
    """An .ods as LibreOffice writes it, its usual empty part included."""
    spaces = " ".join(f'xmlns:{name}="{OPEN_DOCUMENT}{name}:1.0"' for name in ("office", "table", "text"))
    body = f'<office:body><office:spreadsheet><table:table table:name="名册">{rows}</table:table>'
    content = f"<office:document-content {spaces}>{body}</office:spreadsheet></office:body></office:document-content>"
    entry = f'<manifest:file-entry manifest:full-path="content.xml">{manifest}</manifest:file-entry>'
    space = f'xmlns:manifest="{OPEN_DOCUMENT}manifest:1.0"'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("Configurations2/accelerator/current.xml", b"")
        archive.writestr("META-INF/manifest.xml", f"<manifest:manifest {space}>{entry}</manifest:manifest>")
    return path


def ods_row(*cells: str, kind: str = "", down: int = 1) -> str:
    first = f' table:number-rows-spanned="{down}" table:number-columns-spanned="1"' if down > 1 else ""
    texts = []
    for number, cell in enumerate(cells):
        kinds = f'{"" if number else first} office:value-type="string"'
        full = f"<table:table-cell{kinds}><text:p>{cell}</text:p></table:table-cell>"
        texts.append(full if cell else "<table:covered-table-cell/>")
    return f"<table:table-row{kind}>{''.join(texts)}</table:table-row>"


def test_an_open_document_with_an_empty_part_hidden_rows_and_merged_cells(tmp_path: Path) -> None:
    filtered, forever = ' table:visibility="filter"', ' table:number-rows-repeated="1048000"'
    rows = ods_row(*HEAD) + ods_row(*WANG, down=2) + ods_row(*LI, kind=filtered)
    rows += f"<table:table-row{forever}><table:table-cell/></table:table-row>"
    (sheet,) = read_table(open_document(tmp_path / "a.ods", rows))
    assert sheet.rows == [(1, HEAD), (2, WANG), (3, LI)]
    assert (sheet.hidden_rows, sheet.merged) == ({3}, (Area(2, 1, 3, 1),))


def test_a_filled_row_that_repeats_for_ever_is_refused(tmp_path: Path) -> None:
    rows = ods_row(*HEAD) + ods_row(*WANG, kind=' table:number-rows-repeated="1048000"')
    assert refused(open_document(tmp_path / "a.ods", rows)) == "too_many_rows"


def test_passwords_are_told_as_such(tmp_path: Path) -> None:
    """Excel puts an encrypted workbook into an old box; LibreOffice says it in the manifest; old Excel in a record."""
    box = tmp_path / "a.xlsx"
    box.write_bytes(compound_file({"EncryptionInfo": b"x" * 200, "EncryptedPackage": b"y" * 5000}))
    assert refused(box) == "encrypted"
    locked = "<manifest:encryption-data/>"
    assert refused(open_document(tmp_path / "a.ods", ods_row(*HEAD), manifest=locked)) == "encrypted"
    old = tmp_path / "a.xls"
    old.write_bytes(compound_file({"Workbook": old_workbook([HEAD, WANG], password=True)}))
    assert refused(old) == "encrypted"


@pytest.mark.parametrize(("row", "column"), [(1_048_575, 0), (0, 16_383), (1_048_575, 16_383)])
def test_a_formatted_empty_tail_is_cut(tmp_path: Path, row: int, column: int) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_blank(row, column, None, book.add_format({"bold": True}))
    (sheet,) = read_table(path)
    assert (sheet.rows, sheet.cut) == ([(1, HEAD)], True)


def test_empty_columns_at_the_end_of_a_csv_are_cut(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(HEAD) + "," * 200 + "\n" + "," * 200 + "\n" + ",".join(WANG) + "\n")
    assert read_table(tmp_path / "a.csv")[0].rows == [(1, HEAD), (3, WANG)]


def test_formulas_without_a_value_and_errors_are_no_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_formula(1, 0, '="一"&"支部"', value="一支部")
        sheet.write_formula(1, 2, "=VLOOKUP(1,A1:A1,1,0)", value="#N/A")
    with zipfile.ZipFile(path) as archive:
        data = archive.read("xl/worksheets/sheet1.xml")
    cell = '<row r="3"><c r="A3"><f>1+1</f><v></v></c><c r="B3" t="str"><f>IF(1,"","")</f><v></v></c></row></sheetData>'
    rezip(path, {"xl/worksheets/sheet1.xml": data.replace(b"</sheetData>", cell.encode())})
    (sheet,) = read_table(path)
    assert sheet.rows[1:] == [(2, ["一支部", "", NoValue("error")]), (3, [NoValue("formula"), "", ""])]


def test_the_calendar_of_a_workbook_from_an_old_mac(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        book.add_worksheet().write_row(0, 0, HEAD)
    assert read_table(path)[0].epoch == dt.date(1904, 1, 1)
    assert read_table(workbook(path, HEAD))[0].epoch == dt.date(1899, 12, 30)


@pytest.mark.parametrize("at", range(76, 600, 40))
def test_a_damaged_box_never_escapes(tmp_path: Path, at: int) -> None:
    whole = compound_file({"Workbook": old_workbook([HEAD, WANG])}, mini=True)
    path = tmp_path / "a.xls"
    path.write_bytes(whole[:at] + bytes(byte ^ 0xFF for byte in whole[at : at + 40]) + whole[at + 40 :])
    try:
        found = [len(sheet.rows) for sheet in read_table(path)]
    except UnableToReadRoster as refusal:
        found = [problem.row for problem in refusal.problems]
    assert found in ([2], [0])


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
