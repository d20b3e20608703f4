"""Every screen of the back office that a role can reach speaks Chinese and carries the product's name.

The walk follows what the screens themselves offer, from the first page on: each link, and each address that their
scripts ask. One address of a kind is enough.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings as configured
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import Resolver404, resolve
from wagtail.documents.models import Document
from wagtail.models import Site

from cms.operations import ensure_shelf
from cms.permissions import OFFICE
from organizations.models import User
from organizations.templatetags.shell import ICONS
from tests.cms.test_editor import Desk, desk
from tests.cms.test_editor_words import compiled, english
from tests.factories.cms import ready_video
from tests.factories.courses import give_course
from tests.factories.live import make_lecture, make_live

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
__all__ = ["compiled", "desk"]
PRODUCT = "指尖上的课堂"
ADDRESS = re.compile(r"""["'](/admin/[^"'\s<>\\]*)""")
LINK = re.compile(r"""<a\s[^>]*?href="(/admin/[^"]*)"|"url": "(/admin/[^"]*)\"""")
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
# What the scripts are given to show, under the names that Wagtail has for words.
GIVEN = re.compile(r'"(?:label|title|description|helpText|heading|placeholder|message)": ("(?:[^"\\]|\\.)*")')
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
SHORT_ADDRESS = re.compile(r"/l/[A-Z0-9-]+/?")
STRINGS = re.compile(r'<script id="wagtail-config"[^>]*>(.*?)</script>', re.DOTALL)
PARTS_OF_THE_ADDRESS = ("app_label", "model_name", "action")
# Answered to scripts alone, and never shown as they are.
FOR_SCRIPTS = ("api/", "dismissibles/", "jsi18n/", "signed-in/", "sprite/", "videos/status/", "editing-sessions/")
# The list's script adds what is ticked: without that they name nothing (tests/cms/test_editor_words.py has them).
FILLED_IN = "/admin/bulk/"
# Names of programs, formats, codes and addresses.
CODES = {"CSV", "Excel", "PDF", "GBK", "UTF", "SCORM", "srt", "vtt", "zip", "Word", "https", "testserver", "English"}
CODES |= {"kejian"}


class Screen:
    """One answer of the back office, and from where it was reached."""

    def __init__(self, address: str, offered_by: str, answer: Any) -> None:
        self.address = address
        self.offered_by = offered_by
        self.status: int = answer.status_code
        self.text = "" if answer.streaming else answer.content.decode(errors="replace")
        if answer.headers.get("Content-Type", "").startswith("application/json") and self.status == 200:
            found = json.loads(self.text)
            self.text = str(found.get("html", "")) if isinstance(found, dict) else ""
        self.leads_to = urljoin(address, answer.headers["Location"]) if self.status in (301, 302) else ""

    @property
    def addresses(self) -> list[str]:
        """All that the screen names: Wagtail's scripts find theirs in attributes, once more escaped."""
        return [self.leads_to] if self.leads_to else ADDRESS.findall(unescape(unescape(self.text)))

    @property
    def links(self) -> set[str]:
        """What a person can click."""
        return {unescape(one or other) for one, other in LINK.findall(self.text)}

    @property
    def titles(self) -> list[str]:
        return [unescape(" ".join(title.split())) for title in TITLE.findall(self.text)]

    def english(self) -> set[str]:
        given = [json.loads(words) for words in GIVEN.findall(unescape(unescape(self.text)))]
        if config := STRINGS.search(self.text):
            given += _words_in(json.loads(config[1]).get("STRINGS", {}))
        return (
            english(SHORT_ADDRESS.sub("", self.text))
            | {word for words in given for word in english(PLACEHOLDER.sub("", words))}
        ) - CODES


def _words_in(values: Any) -> Iterator[str]:
    if isinstance(values, str):
        yield values
    else:
        for value in values.values() if isinstance(values, dict) else values:
            yield from _words_in(value)


def walk(user: User) -> Iterator[Screen]:
    client = Client()
    client.force_login(user)
    seen, ahead = set(), [("/admin/", "")]
    while ahead:
        address, offered_by = ahead.pop(0)
        parts = urlsplit(address)
        try:
            match = resolve(parts.path)
        except Resolver404:
            continue
        kind = (match.route, *(match.kwargs.get(name) for name in PARTS_OF_THE_ADDRESS), bool(parts.query))
        if kind in seen or match.route.removeprefix("admin/").startswith(FOR_SCRIPTS):
            continue
        seen.add(kind)
        screen = Screen(address, offered_by, client.get(address))
        ahead += [(found, address) for found in screen.addresses]
        yield screen


@pytest.fixture
def people(desk: Desk) -> dict[str, User]:
    """One in each role of the back office, with a little of everything to look at."""
    desk.published()
    make_lecture(desk.world)
    make_live(desk.world)
    give_course(desk.world.branch)
    ready_video(created_by=desk.world.lecturer)
    file = ContentFile(b"%PDF-1.4", name="kejian.pdf")
    Document.objects.create(title="课件", file=file, uploaded_by_user=desk.world.lecturer)
    return {"organiser": desk.world.organiser, "lecturer": desk.world.lecturer, "operator": desk.world.operator}


@pytest.mark.parametrize("role", ["organiser", "lecturer", "operator"])
def test_no_screen_that_a_role_reaches_says_an_english_sentence(
    people: dict[str, User], compiled: None, role: str
) -> None:
    words, titles = {}, {}
    answers: dict[str, Screen] = {}
    clickable: set[str] = set()
    for screen in walk(people[role]):
        answers[screen.address] = screen
        clickable |= screen.links
        if screen.status == 200 and (said := screen.english()):
            words[screen.address] = said
        if wrong := [title for title in screen.titles if not title.endswith(PRODUCT)]:
            titles[screen.address] = wrong
    dead = {
        one: answers[one].offered_by
        for one in clickable & answers.keys()
        if answers[one].status >= 400 and not one.startswith(FILLED_IN)
    }
    assert {"english": words, "titles": titles, "dead links": dead} == {"english": {}, "titles": {}, "dead links": {}}
    assert len(answers) > {"organiser": 80, "lecturer": 15, "operator": 25}[role]


def menu_of(client: Client) -> list[Any]:
    """What the sidebar's script is given: ``{"_type": …, "_args": [entry, [entries below it]]}``."""
    page = client.get("/admin/").content.decode()
    props = re.search(r'<script id="wagtail-sidebar-props"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert props is not None
    found = json.loads(props[1])
    menu = next(module for module in found["modules"] if module["_type"] == "wagtail.sidebar.MainMenuModule")
    return list(menu["_args"][0])


def entries_of(items: list[Any]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item["_args"][0]
        if item["_type"] == "wagtail.sidebar.SubMenuItem":
            yield from entries_of(item["_args"][1])


@pytest.mark.parametrize("role", ["organiser", "lecturer", "operator"])
def test_every_entry_of_the_menu_opens_a_page(client: Client, desk: Desk, compiled: None, role: str) -> None:
    """The walk passes over what only scripts ask; a person who is led there reads code."""
    client.force_login(getattr(desk.world, role))
    wrong, opened = {}, 0
    for entry in entries_of(menu_of(client)):
        address = entry.get("url", "")
        if not address.startswith("/admin/"):
            continue
        answer = client.get(address, follow=True)
        opened += 1
        titles = TITLE.findall(answer.content.decode()) if answer["Content-Type"].startswith("text/html") else []
        if answer.status_code != 200 or not titles or not titles[0].strip().endswith(PRODUCT):
            wrong[entry["label"]] = address
    assert wrong == {}
    assert opened >= 3


def test_the_way_back_is_lit_nowhere(client: Client, desk: Desk) -> None:
    """The sidebar's script lights the entry whose address is the longest that the page's begins with."""
    client.force_login(desk.world.lecturer)
    back = next(entry for entry in entries_of(menu_of(client)) if entry["name"] == "site")
    assert urlsplit(back["url"]).path == configured.LOGIN_REDIRECT_URL
    assert not "/admin/".startswith(back["url"])


@pytest.mark.parametrize(
    ("role", "menu"),
    [
        (
            "organiser",
            [
                "直播安排",
                "安排课程",
                "培训和台账",
                "参训情况",
                "课程内容",
                "视频",
                "课件包",
                "题库和练习",
                "图片",
                "文档",
                "回到网站",
            ],
        ),
        ("lecturer", ["视频", "图片", "文档", "回到网站"]),
        ("operator", ["培训和台账", "视频", "图片", "文档", "名册导入", "回到网站"]),
    ],
)
def test_the_menu_has_the_order_of_the_work_and_a_way_back(
    client: Client, desk: Desk, compiled: None, role: str, menu: list[str]
) -> None:
    client.force_login(getattr(desk.world, role))
    assert [item["_args"][0]["label"] for item in menu_of(client)] == menu


def test_the_site_shows_the_way_in_to_whoever_may_enter_and_to_nobody_else(client: Client, desk: Desk) -> None:
    shown = {}
    for who in ("organiser", "lecturer", "operator", "secretary", "auditor", "member"):
        client.force_login(getattr(desk.world, who))
        shown[who] = 'href="/admin/"' in client.get("/me/").content.decode()
        assert shown[who] == (client.get("/admin/").status_code == 200), who
    assert {who for who, seen in shown.items() if seen} == {"organiser", "lecturer", "operator"}
    assert set(configured.BACK_OFFICE_ROLES) == set(OFFICE)
    assert configured.BACK_OFFICE["icon"] in ICONS


def test_the_office_has_the_products_logo_colours_and_icon(client: Client, desk: Desk) -> None:
    client.force_login(desk.world.organiser)
    page = client.get("/admin/").content.decode()
    assert 'class="office-brand"' in page
    assert "img/icon" in page
    assert "css/office" in page
    assert "favicon.ico" not in page
    assert "guide.wagtail.org" not in page
    lost = client.get("/admin/nowhere/")
    assert lost.status_code == 404
    assert f"{PRODUCT}</title>" in lost.content.decode()


def test_a_site_without_a_name_gets_the_products_and_keeps_its_own(desk: Desk) -> None:
    Site.objects.update(site_name="")
    ensure_shelf()
    assert Site.objects.get().site_name == PRODUCT
    Site.objects.update(site_name="青溪县课堂")
    ensure_shelf()
    assert Site.objects.get().site_name == "青溪县课堂"


def test_nobody_is_offered_what_the_office_does_not_have(desk: Desk) -> None:
    """Wagtail's own setting of who may see a page; that is said where a course is given."""
    page = desk.client.get(f"/admin/pages/{desk.course.pk}/edit/").content.decode()
    assert "/privacy/" not in page
    assert "set-privacy" not in page


def test_a_lecturer_is_offered_what_is_theirs(client: Client, desk: Desk, compiled: None) -> None:
    for role, search, way in (
        ("lecturer", False, "到后台传视频、图片和文档"),
        ("organiser", True, "到后台写课程、传视频、安排培训"),
    ):
        client.force_login(getattr(desk.world, role))
        first = client.get("/admin/").content.decode()
        assert ('role="search"' in first, 'class="w-dashboard' in first) == (search, True), role
        assert way in client.get("/desk/").content.decode()


def test_titles_and_numbers_are_chinese(desk: Desk, compiled: None) -> None:
    lesson = desk.published()
    assert "<title>新建：课" in " ".join(desk.client.get(desk.add).content.decode().split()).replace("> ", ">")
    assert "0 处" not in desk.client.get(f"/admin/pages/{lesson.pk}/delete/").content.decode()
