"""``python -m tests.contracts > docs/contracts.md``: what each app offers the others, from the code itself.

A test holds the page against the code (tests/config/test_docs.py).
"""

import ast
import importlib
import importlib.util
import inspect
import os
import textwrap
from collections.abc import Iterator
from types import ModuleType

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

APPS = ("organizations", "attendance", "media", "cms", "courses", "live")
ROOMS = {"operations": "verbs: they write", "queries": "nouns: they read", "permissions": "asked once, at the edge"}
WIDTH = 120
GLUE = "\x00|\x00"  # no line ends within a type
HEAD = """# Contracts

What the apps offer each other, made from the code by `python -m tests.contracts > docs/contracts.md`; a test fails
when the two differ. `docs/architecture.md` says how they work together. Moments (`as_of`, `seen_at`, `…_at`) are aware
datetimes, read once at the edge; ids are integers unless the type says otherwise.
"""


def module(app: str, name: str) -> ModuleType | None:
    """Return that room of an app, None where it has none."""
    found = importlib.util.find_spec(f"{app}.{name}")
    return importlib.import_module(f"{app}.{name}") if found else None


def public(of: ModuleType | None) -> Iterator[tuple[str, object]]:
    """Yield the functions and errors that a room offers: what ``__all__`` names, else what it defines itself."""
    for name in sorted(getattr(of, "__all__", None) or vars(of)) if of else ():
        value = getattr(of, name)
        own = str(getattr(value, "__module__", "")).startswith(of.__name__)
        if not name.startswith("_") and own and (inspect.isfunction(value) or inspect.isclass(value)):
            yield name, value


def signature(name: str, function: object) -> str:
    """Return ``name(arguments) -> type`` as the source has it, wrapped."""
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))  # type: ignore[arg-type]
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{name}({ast.unparse(node.args)}){returns}".replace(" | ", GLUE)
    lines = textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_long_words=False)
    return "\n".join(lines).replace(GLUE, " | ")


def summary(value: object) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join(inspect.getdoc(value).split("\n\n")[0].split()) if inspect.getdoc(value) else ""


def room(of: ModuleType) -> Iterator[str]:
    """Yield the lines of one room: errors in a sentence each, functions with their signature."""
    found = list(public(of))
    errors = [name for name, value in found if inspect.isclass(value) and issubclass(value, Exception)]
    functions = [(name, value) for name, value in found if inspect.isfunction(value)]
    if errors:
        yield from textwrap.wrap("Raises " + ", ".join(f"`{name}`" for name in errors) + ".", WIDTH)
        yield ""
    if functions:
        yield "```python"
        for name, value in functions:
            yield signature(name, value)
            yield from textwrap.wrap(summary(value), WIDTH, initial_indent="    # ", subsequent_indent="    # ")
        yield "```"


def page() -> str:
    """Return docs/contracts.md."""
    lines = [HEAD]
    for app in APPS:
        lines.append(f"## {app}")
        for name, what in ROOMS.items():
            found = module(app, name)
            if found is not None and (text := list(room(found))):
                lines += [f"### `{app}.{name}` ({what})", *text, ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    import django

    django.setup()
    print(page(), end="")  # noqa: T201 - its output is the page
