"""The shape of the code that no linter knows: how long things may be, and who asks whom."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps import APPS

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[2]

MOST_LINES, MOST_IN_A_FUNCTION, WIDEST_TEXT = 400, 50, 120
# Longer than a file should be, with the reason; none may grow.
LONG_FILES = {
    "config/settings.py": (
        600,
        "all settings but the plug points in one file, by subject, is easier to search than a folder of them",
    ),
    "config/retention/fields.py": (700, "one table: every stored field of the product, to be searched, not read"),
    "organizations/sheet_reader.py": (445, "the whole program of a child process that is shown no other file of ours"),
}
LONG_FUNCTIONS = {}
# Documents that are read from end to end.
GUIDES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md")

# Where views ask a model's manager all the same.
MANAGERS = {
    "organizations/views/people.py": "LogEntry: auditlog's own way to write a line, within the step that it is about",
}


def product() -> Iterator[Path]:
    for app in APPS:
        yield from (path for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def excess(found: dict[str, int], most: int, known: dict[str, tuple[int, str]]) -> list[str]:
    """What is longer than it may be, and what is named as an exception without need."""
    over = [f"{name}: {count}" for name, count in found.items() if count > known.get(name, (most, ""))[0]]
    return over + [f"{name}: no longer an exception" for name in known if found.get(name, 0) <= most]


def test_no_file_is_longer_than_it_can_be_read() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in product()}
    assert len(lines) > 300
    assert excess(lines, MOST_LINES, LONG_FILES) == []


def test_no_function_is_longer_than_a_screen() -> None:
    lines = {
        f"{name_of(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in product()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lines) > 1500
    assert excess(lines, MOST_IN_A_FUNCTION, LONG_FUNCTIONS) == []


@pytest.mark.parametrize("guide", GUIDES)
def test_no_line_of_a_guide_is_wider_than_code(guide: str) -> None:
    lines = (ROOT / guide).read_text(encoding="utf-8").splitlines()
    # An address or a table's row cannot be broken.
    wide = [
        f"{guide}:{number} has {len(line)}"
        for number, line in enumerate(lines, 1)
        if len(line) > WIDEST_TEXT and not line.startswith("|") and not re.search(r"https?://\S{60,}", line)
    ]
    assert wide == []


def is_view(path: Path) -> bool:
    known = path.name in ("views.py", "wagtail_hooks.py") or name_of(path) in (
        "config/operator_page.py",
        "courses/schedule.py",
    )
    return known or "views" in path.parts


def test_views_ask_queries_not_managers() -> None:
    found = {
        f"{name_of(path)}:{node.lineno}"
        for path in product()
        if is_view(path) and name_of(path) not in MANAGERS
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "all_objects")
    }
    assert len([path for path in product() if is_view(path)]) > 40
    assert sorted(found) == []
