"""One bad value at a time in every field of every form that somebody is shown: an answer in words, never an error."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup, Tag

from tests.fuzz import values
from tests.fuzz.tally import SEED, WHOLE, Tally, some
from tests.fuzz.test_matrix import LEAVES
from tests.trust import requests, urls
from tests.trust.test_urls import OTHERS, wagtail_address
from tests.trust.world import World

pytestmark = [
    pytest.mark.integration,
    pytest.mark.fuzz,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
SHORT_PAGES, SHORT_CASES = 100, 300  # pages with forms are the dear ones: 600 took 55 seconds of a processor
VALUES = (*values.TEXTS, *values.BYTES)
WRITERS = ("anyone", "member", "secretary", "organiser", "lecturer", "auditor", "operator")


@dataclass(frozen=True)
class Form:
    """A form as the page has it: where it goes, how, and what it would send untouched."""

    persona: str
    action: str
    method: str
    fields: tuple[tuple[str, str], ...]


def pages(world: World, persona: str) -> Iterator[str]:
    for row in urls.ROWS:
        if "GET" in row.methods.split() and persona in row.who and not row.route.startswith("m/"):
            yield requests.address(row, world, persona)
    for route in OTHERS:
        rule = urls.rule_for(route)
        if rule is not None and persona in rule.who:
            yield wagtail_address(route, world)
    if persona == "organiser":
        course, lesson = world.course.page, world.course.lesson
        yield f"/admin/pages/add/cms/coursepage/{course.get_parent().pk}/"
        yield f"/admin/pages/add/cms/lessonpage/{course.pk}/"
        yield from (f"/admin/pages/{page.pk}/edit/" for page in (course, lesson))


def value_of(field: Tag) -> str:
    if field.name == "select":
        option = field.find("option", selected=True) or field.find("option")
        return str(option.get("value", "")) if isinstance(option, Tag) else ""
    return field.get_text() if field.name == "textarea" else str(field.get("value", ""))


def forms_of(world: World, shown: list[tuple[str, str]]) -> Iterator[Form]:
    """Every form on these pages once for each person; what only signs somebody out is left alone."""
    seen = set()
    for persona, url in shown:
        answer = world.ask(persona, "GET", url)
        if answer.status_code != 200 or "text/html" not in answer.get("Content-Type", ""):
            continue
        for tag in BeautifulSoup(answer.content, "html.parser").find_all("form"):
            action = str(tag.get("action") or url).split("#")[0]
            names = [field for field in tag.find_all(["input", "select", "textarea"]) if field.get("name")]
            fields = tuple((str(field["name"]), value_of(field)) for field in names)
            fields = tuple((name, value) for name, value in fields if name != "csrfmiddlewaretoken")
            key = (persona, action.split("?")[0], tuple(name for name, _value in fields))
            if not action.startswith("/") or not fields or key in seen or any(word in action for word in LEAVES):
                continue
            seen.add(key)
            yield Form(persona, action, str(tag.get("method") or "get").upper(), fields)


def spoiled(form: Form, at: int, value: str | bytes) -> dict[str, str | bytes]:
    """What the form sends with one field changed."""
    return {name: value if place == at else kept for place, (name, kept) in enumerate(form.fields)}


def test_a_bad_value_in_a_field_is_never_an_error(fuzzed: World, tally: Callable[[str], Tally]) -> None:
    chance, held = random.Random(SEED), tally("forms: one bad value in one field")
    shown = [(persona, url) for persona in WRITERS for url in pages(fuzzed, persona)]
    forms = list(forms_of(fuzzed, some(shown, chance, SHORT_PAGES)))
    assert len(forms) >= (90 if WHOLE else 20), len(forms)  # 92 with 324 fields, when this was written
    cases = [(form, at, value) for form in forms for at in range(len(form.fields)) for value in VALUES]
    for form, at, value in some(cases, chance, SHORT_CASES):
        sent = urlencode(spoiled(form, at, value))
        if form.method == "POST":
            answer = fuzzed.ask(form.persona, "POST", form.action, data=sent, content_type=values.FORM)
        else:
            answer = fuzzed.ask(form.persona, "GET", f"{form.action.split('?')[0]}?{sent[:8000]}")
        held.count(answer.status_code)
        if answer.status_code >= 500:
            held.broken[f"{form.persona} {form.action} {form.fields[at][0]}"] = (answer.status_code, value[:80])
    held.assert_held()
