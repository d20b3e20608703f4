"""What a mutant is: one fragment of one file, what stands there instead, and the tests that must notice."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FAST, REALTIME, ENGINE = "fast", "realtime", "engine"
KINDS = (ENGINE, REALTIME, FAST)
"""In the order in which they are run: what takes longest begins."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One break. ``means``: what people would meet; ``before`` stands in ``file`` once; ``tests`` are pytest node ids.

    ``kind``: FAST runs anywhere, REALTIME starts servers, ENGINE runs inside the test network namespace.
    """

    name: str
    means: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    kind: str = FAST


def stale(mutant: Mutant, root: Path = ROOT) -> str:
    """Return why a mutant does not fit the code any more; "" when it does."""
    path = root / mutant.file
    if not path.is_file():
        return f"{mutant.file} is gone"
    text = path.read_text(encoding="utf-8")
    if (found := text.count(mutant.before)) != 1:
        return f"{mutant.before!r} stands {found} times in {mutant.file}"
    if missing := [test for test in mutant.tests if not _exists(test, root)]:
        return f"no such test: {', '.join(missing)}"
    return _unreadable(mutant, text)


def broken(mutant: Mutant, text: str) -> str:
    """Return the text of the mutant's file with its one break."""
    return text.replace(mutant.before, mutant.after)


def _unreadable(mutant: Mutant, text: str) -> str:
    """A break that Python cannot read would be noticed by any test, and prove nothing."""
    if mutant.file.endswith(".py"):
        try:
            ast.parse(broken(mutant, text))
        except SyntaxError as error:
            return f"the break is no Python: {error.msg}, line {error.lineno}"
    return ""


def _exists(test: str, root: Path) -> bool:
    file, _, name = test.partition("::")
    path = root / file
    return path.is_file() and name.partition("[")[0] in ("", *_functions(path))


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = (node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(name for name in found if name.startswith("test_"))
