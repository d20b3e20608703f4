"""The import of a roster of 10,000 rows from Excel, as ``manage.py import_roster`` does it. Goal: 60 s.

Embedded shape (SQLite file, every commit on the disk): the look beforehand, the import, and the same file once more.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xlsxwriter

from bench._figure import figure
from tests.databases import sqlite_copy

ROOT = Path(__file__).resolve().parent.parent
ROWS, BRANCHES = 10_000, 250
HEAD = ["组织", "姓名", "手机号", "编号", "加入日期"]


def write_roster(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        for row in range(ROWS):
            branch = row % BRANCHES
            unit = f"青溪县/第{branch % 25 + 1}镇/第{branch + 1}支部"
            sheet.write_row(row + 1, 0, [unit, f"党员{row:05}", f"139{row:08}", f"N{row:05}", "2015-07-01"])


def seconds(path: Path, environment: dict[str, str], *options: str) -> float:
    command = [sys.executable, "manage.py", "import_roster", str(path), *options]
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    copy = sqlite_copy("bench")
    try:
        with tempfile.TemporaryDirectory(prefix="classroom-bench-") as folder:
            environment = {**os.environ, "DATABASE_URL": f"sqlite:///{copy}", "VAR_DIR": folder, "DEBUG": "1"}
            path = Path(folder) / "roster.xlsx"
            write_roster(path)
            name = f"roster of {ROWS} rows, the whole command"
            for what, options in (("dry run", ["--dry-run"]), ("import", []), ("the same again", [])):
                took = seconds(path, environment, *options)
                figure(bench="roster", figure=f"{name}: {what}", value=took, unit="s", goal=60)
    finally:
        shutil.rmtree(copy.parent, ignore_errors=True)


if __name__ == "__main__":
    main()
