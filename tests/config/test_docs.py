"""The map of the program names each thing once: a merge easily keeps both versions of a line."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.apps import APPS

pytestmark = pytest.mark.unit
MAP = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
# How a line begins that says what something is: a table's first cell, a name in backticks, a call, a title.
HEAD = re.compile(r"\| `[^`]+` \||`[^`]+`|#+ (?!\w+\.py)[\w/., ]{12,}|[a-z_]+\(|[A-Z][a-z]+: `[^`]+`")


def test_no_two_lines_say_what_the_same_thing_is() -> None:
    found = [HEAD.match(line) for line in MAP.read_text(encoding="utf-8").splitlines()]
    heads = Counter(match[0] for match in found if match)
    assert len(heads) > 20
    assert [head for head, count in heads.items() if count > 1] == []


# --- What the guides name is there ------------------------------------------------------------------------------------

ROOT = MAP.parents[1]
GUIDES = [MAP, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
# `attendance.operations.settle`, `live/room/sender.py`, and verb(*, a, b=1): keyword-only is what our operations are.
DOTTED = re.compile(rf"`((?:{'|'.join(APPS)})(?:\.\w+)+)")
FILE = re.compile(rf"`((?:{'|'.join(APPS)}|docs|deploy|frontend|tests|bench)/[\w./-]*)`")
SIGNATURE = re.compile(r"(?<![.\w])([a-z_]\w+)\(((?:[a-z_]\w*(?:: [^,()]+)?, )*\*, [^()]*(?:\([^()]*\)[^()]*)*)\)")
PARAMETER = re.compile(r"^\s*(\w+)\s*(?::[^=]*)?(?:=.*)?$", re.DOTALL)


def dotted_names(text: str) -> set[str]:
    return {name for name in DOTTED.findall(text) if not name.endswith((".m3u8", ".py"))}


def is_there(dotted: str) -> bool:
    """Whether a module or what is defined in it has this name; settings and what others define are not looked up."""
    parts = dotted.split(".")
    if len(parts) == 2 and parts[1][:1].isupper():  # a model, as Django writes it
        return any(parts[1] in defined_in(file) for file in (ROOT / parts[0]).glob("*.py"))
    for end in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:end])
        file = base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
        if file.is_file():
            rest = parts[end:]
            return not rest or rest[0] in defined_in(file)
        if base.is_dir() and end == len(parts):
            return True
    return False


def defined_in(file: Path) -> set[str]:
    """What a module defines or takes in: names on its highest level, and the words that it keeps as texts."""
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            found |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return found


@cache
def functions() -> dict[str, list[ast.arguments]]:
    """Every function and method of the product, by its name."""
    found: dict[str, list[ast.arguments]] = {}
    for file in [file for app in APPS for file in (ROOT / app).rglob("*.py") if "migrations" not in file.parts]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.setdefault(node.name, []).append(node.args)
    return found


def signatures(text: str) -> list[tuple[str, list[str], bool]]:
    """(name, parameters, whether "…" says that there are more) of each keyword-only signature in a text."""
    found = []
    for name, inside in SIGNATURE.findall(text):
        given = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", inside)
        texts = [one.strip() for one in given.split(",")]
        is_short = any(one in ("…", "...") for one in texts)
        names = [match[1] for one in texts if one not in ("*", "…", "...", "") and (match := PARAMETER.match(one))]
        found.append((name, names, is_short))
    return found


def fits(names: list[str], is_short: bool, known: ast.arguments) -> bool:
    takes = [one.arg for one in [*known.posonlyargs, *known.args, *known.kwonlyargs] if one.arg not in ("self", "cls")]
    return set(names) <= set(takes) if is_short else names == takes


def wrong_signatures(text: str) -> list[str]:
    """The signatures that no function of the product has, each with what it has."""
    wrong = []
    for name, names, is_short in signatures(text):
        known = functions().get(name, [])
        if not any(fits(names, is_short, one) for one in known):
            has = [[arg.arg for arg in [*one.args, *one.kwonlyargs]] for one in known]
            wrong.append(f"{name}({', '.join(names)}): the code has {has or 'none of this name'}")
    return wrong


def test_the_checks_see_what_is_wrong() -> None:
    assert is_there("attendance.operations.settle_dirty")
    assert is_there("live.core.media.holes.Hole")
    assert not is_there("attendance.operations.no_such_verb")
    assert not is_there("live.no_such_room")
    assert wrong_signatures("`rename_member(*, member_id, name)`") == []
    assert wrong_signatures("`rename_member(*, name, …)`") == []
    assert wrong_signatures("rename_member(*, member_id: int, name: str)") == []
    assert wrong_signatures("`rename_member(*, member_id)`") != []
    assert wrong_signatures("`no_such_verb(*, a)`") != []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_names_that_a_guide_gives_are_there(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    assert sorted(name for name in dotted_names(text) if not is_there(name)) == []
    made = ("frontend/node_modules",)
    files = {name for name in FILE.findall(text) if not name.startswith(made)}
    assert sorted(name for name in files if not (ROOT / name).exists()) == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_signatures_that_a_guide_gives_are_the_code_s(guide: Path) -> None:
    assert wrong_signatures(guide.read_text(encoding="utf-8")) == []
