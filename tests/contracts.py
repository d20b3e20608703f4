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

from tests.apps import APPS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

OFFERING = APPS[:-1]  # nobody calls config
# The layers of an app that others may call; below, what one app has besides them.
LAYERS = {
    "operations": "verbs: they write",
    "queries": "nouns: they read",
    "permissions": "asked once, at the edge",
    "standing": "what holds and how much: asked by every page and report",
    "kinds": "plug point: a way to take part",
    "reports": "plug point: a report",
}
# Of these modules only the ledger's offer something: an app above implements what its plug points ask for.
LEDGER_ONLY = ("standing", "kinds", "reports")
WIDTH = 120
GLUE = "\x00|\x00"  # no line ends within a type
HEAD = """# Contracts

What the apps offer each other, made from the code by `python -m tests.contracts > docs/contracts.md`; a test fails
when the two differ. `docs/architecture.md` says how they work together. Moments (`as_of`, `seen_at`, `…_at`) are aware
datetimes, read once at the edge; ids are integers unless the type says otherwise.
"""


def module(app: str, name: str) -> ModuleType | None:
    """Return that layer of an app, None where it has none."""
    found = importlib.util.find_spec(f"{app}.{name}")
    return importlib.import_module(f"{app}.{name}") if found else None


def is_function(value: object) -> bool:
    """Whether it is called as a function, also when it is wrapped (``functools.cache``)."""
    return callable(value) and inspect.isfunction(inspect.unwrap(value))


def public(of: ModuleType | None) -> Iterator[tuple[str, object]]:
    """Yield the functions and errors that a layer offers: what ``__all__`` names, else what it defines itself."""
    if of is None:
        return
    for name in sorted(getattr(of, "__all__", None) or vars(of)):
        value = getattr(of, name)
        own = str(getattr(value, "__module__", "")).startswith(of.__name__)
        if not name.startswith("_") and own and (is_function(value) or inspect.isclass(value)):
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
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())


def methods(value: type) -> Iterator[tuple[str, object]]:
    """Yield what a plug point asks of whoever implements it, in the order of the source."""
    for name, member in vars(value).items():
        if not name.startswith("_") and inspect.isfunction(member):
            yield name, member


def fields(value: type) -> Iterator[str]:
    """Yield ``name: type`` for each attribute that a class declares, as the source has it."""
    node = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    assert isinstance(node, ast.ClassDef)
    for line in node.body:
        if isinstance(line, ast.AnnAssign):
            yield ast.unparse(line)


def class_of(name: str, value: type) -> Iterator[str]:
    """Yield a class of the contract: what it is, its attributes, and its methods where it is a plug point."""
    yield f"class {name}"
    yield from remark(summary(value))
    for line in fields(value):
        yield f"    {line}"
    if getattr(value, "_is_protocol", False):
        for method, function in methods(value):
            yield textwrap.indent(signature(method, function), "    ")
            yield from remark(summary(function), "        # ")


def remark(text: str, margin: str = "    # ") -> list[str]:
    """Return a summary as comments below what it is about."""
    return textwrap.wrap(text, WIDTH, initial_indent=margin, subsequent_indent=margin)


def layer(of: ModuleType, *, has_classes: bool) -> Iterator[str]:
    """Yield the lines of one layer: errors in a sentence each, functions with their signature; classes if asked for."""
    found = list(public(of))
    errors = [name for name, value in found if inspect.isclass(value) and issubclass(value, Exception)]
    functions = [(name, value) for name, value in found if is_function(value)]
    classes = [(name, value) for name, value in found if inspect.isclass(value) and name not in errors]
    if errors:
        yield from textwrap.wrap("Raises " + ", ".join(f"`{name}`" for name in errors) + ".", WIDTH)
        yield ""
    if functions or (classes and has_classes):
        yield "```python"
        for name, kind in classes if has_classes else ():
            yield from class_of(name, kind)
        for name, function in functions:
            yield signature(name, function)
            yield from remark(summary(function))
        yield "```"


def page() -> str:
    """Return docs/contracts.md."""
    lines = [HEAD]
    for app in OFFERING:
        lines.append(f"## {app}")
        for name, what in LAYERS.items():
            is_ledger_s = name in LEDGER_ONLY
            found = module(app, name) if app == "attendance" or not is_ledger_s else None
            if found is not None and (text := list(layer(found, has_classes=is_ledger_s))):
                lines += [f"### `{app}.{name}` ({what})", *text, ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    import django

    django.setup()
    print(page(), end="")  # noqa: T201 - its output is the page
