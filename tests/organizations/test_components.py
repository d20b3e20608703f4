"""Every use of a component names what the component declares: a wrong name fails here, not silently on a page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.base import Node, NodeList
from django.template.loader import get_template
from django_cotton.compiler_regex import CottonCompiler
from django_cotton.templatetags._component import AttrKind, CottonComponentNode
from django_cotton.templatetags._slot import CottonSlotNode
from django_cotton.templatetags._vars import CottonVarsNode

APPS = ("config", "organizations", "attendance", "media", "cms", "courses", "live")


def names() -> list[str]:
    """The names under which the project's templates are loaded."""
    roots = [settings.BASE_DIR / app / "templates" for app in APPS]
    return sorted(path.relative_to(root).as_posix() for root in roots for path in root.rglob("*.html"))


def nodes(found: NodeList) -> Iterator[Node]:
    """Return every node of a template, those within blocks, branches, loops and components too."""
    for node in found:
        yield node
        for name in node.child_nodelists:
            yield from nodes(getattr(node, name, None) or NodeList())


def uses(template: Template) -> list[CottonComponentNode]:
    return [node for node in nodes(template.nodelist) if isinstance(node, CottonComponentNode)]


def component(name: str) -> Template:
    found: Template = get_template(f"{settings.COTTON_DIR}/{name.replace('-', '_')}.html").template  # type: ignore[attr-defined]
    return found


def declared(name: str) -> tuple[set[str], set[str]]:
    """Return what a component asks for (without a default in <c-vars>), and what it can do without."""
    found = [node for node in component(name).nodelist if isinstance(node, CottonVarsNode)]
    asked = {key for node in found for key in node.empty_vars}
    return asked, {prepared.exclude_key for node in found for prepared in node._prepared_vars}


def mistakes(use: CottonComponentNode) -> list[str]:
    """What is wrong with one use, in words."""
    asked, optional = declared(use.component_name)
    attributes = {prepared.key for prepared in use._prepared_attrs}
    # Slots of this use alone: those of a component within it are its own.
    slots = {node.slot_name for node in use.nodelist if isinstance(node, CottonSlotNode)}
    given = attributes | slots
    wrong = [f"<c-{use.component_name}> has no {name}" for name in sorted(given - asked - optional)]
    wrong += [f"<c-{use.component_name}> needs {name}" for name in sorted(asked - given)]
    for prepared in use._prepared_attrs:
        text = str(prepared.value)
        if prepared.kind is AttrKind.STATIC and re.search(r"{%|{{", text):
            wrong.append(f"<c-{use.component_name} {prepared.key}> does not compile: {text}")
        if prepared.kind in (AttrKind.DYNAMIC, AttrKind.UNQUOTED) and re.search(r"{%|{{|\|", text):
            wrong.append(f"<c-{use.component_name} :{prepared.key}> takes a name or a literal: {text}")
    return wrong


@pytest.mark.parametrize("name", names())
def test_components_are_used_as_they_are_declared(name: str) -> None:
    template: Template = get_template(name).template  # type: ignore[attr-defined]
    assert [wrong for use in uses(template) for wrong in mistakes(use)] == []


@pytest.mark.parametrize("path", sorted((settings.BASE_DIR / "organizations/templates/components").glob("*.html")))
def test_a_component_writes_no_attribute_that_it_does_not_name(path: Path) -> None:
    """``{{ attrs }}`` writes values as they are: a name with a quotation mark in it would become an attribute."""
    assert not re.search(r"{{\s*attrs\b", path.read_text())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<c-back url="/" txt="x" />', ["<c-back> has no txt", "<c-back> needs text"]),
        ('<c-row title="x"><c-slot name="sid">y</c-slot></c-row>', ["<c-row> has no sid"]),
        ('<c-back url="/" text="{% nothing %}" />', ["<c-back text> does not compile: {% nothing %}"]),
        ('<c-back url="/" :text="{{ name }}" />', ["<c-back :text> takes a name or a literal: {{ name }}"]),
        ("{% if 1 %}{% for a in b %}<c-field />{% endfor %}{% endif %}", ["<c-field> needs field"]),
        ('<c-card><c-notice kind="a"><c-slot name="side">b</c-slot></c-notice></c-card>', []),
    ],
)
def test_the_check_finds_what_is_wrong(text: str, said: list[str]) -> None:
    assert [wrong for use in uses(compiled(text)) for wrong in mistakes(use)] == said


def compiled(text: str) -> Template:
    return Template(CottonCompiler().process(text))


def drawn(source: str, **values: object) -> str:
    return re.sub(r"\s+", " ", compiled(source).render(Context(values))).strip()


def test_what_people_wrote_is_escaped_once() -> None:
    name = "<b>\"王\" & '李'"
    escaped = "&lt;b&gt;&quot;王&quot; &amp; &#x27;李&#x27;"
    assert drawn('<c-back url="/" :text="name" />', name=name) == f'<p class="pad"><a href="/">{escaped}</a></p>'
    assert drawn('<c-back url="/" text="{{ name }}" />', name=name) == f'<p class="pad"><a href="/">{escaped}</a></p>'
    row = drawn('<c-row :title="name" url="/a" :label="name" step="›">{{ name }}</c-row>', name=name)
    assert row.count(escaped) == 3
    assert f'aria-label="{escaped}"' in row


def test_a_component_sees_nothing_of_the_page_around_it() -> None:
    assert "elsewhere" not in drawn('<c-empty title="a" />', text="elsewhere", url="elsewhere", slot="elsewhere")


def test_every_component_is_used() -> None:
    root = settings.BASE_DIR / "organizations/templates" / settings.COTTON_DIR
    texts = [path.read_text() for app in APPS for path in (settings.BASE_DIR / app / "templates").rglob("*.html")]
    used = {found.replace("-", "_") for text in texts for found in re.findall(r"<c-([\w-]+)", text)}
    included = {found for text in texts for found in re.findall(r'include "components/(\w+)\.html"', text)}
    assert {path.stem for path in root.glob("*.html")} - used - included == set()
