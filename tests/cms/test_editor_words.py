"""The editor speaks Chinese also where something goes wrong. Words that Wagtail lacks: locale/zh_Hans."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import wagtail.admin
from django.conf import settings as configured
from django.contrib.auth.password_validation import password_validators_help_texts
from django.test import Client
from django.utils.translation import gettext, gettext_noop, ngettext

from cms.models import LessonPage
from organizations.models import Role
from tests.cms.test_editor import Desk, autosave, desk, text
from tests.factories.organizations import RoleGrantFactory, UserFactory

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
    pytest.mark.usefixtures("compiled"),
]
__all__ = ["desk"]
CATALOGUE = Path(configured.BASE_DIR) / "locale/zh_Hans/LC_MESSAGES"
WORD = re.compile(r"[A-Za-z]{3,}(?:[\s,'’-]+[A-Za-z]{2,})*")
SPOKEN = {"title", "aria-label", "placeholder", "alt", "data-w-tooltip-content-value", "data-w-progress-active-value"}
UNSEEN = re.compile(r"<div data-side-panel-toggle-counter[^>]* hidden>\s*None\s*</div>")
SILENT = {"script", "style", "code"}
# Names of programs, keys and formats.
NAMES = {
    "JavaScript",
    "Alt",
    "Ctrl",
    "Esc",
    "Shift",
    "GIF, JPG, JPEG, PNG, WEBP, HEIC, HEIF",
    "jiangyi",
    "pdf",
    "Root",  # the one collection, which nobody chooses among
    "test",  # the name of the picture's file
    "png",
}


@pytest.fixture(autouse=True)
def compiled(settings: Any, tmp_path: Path) -> None:
    """Our words as they are installed: compiled from the catalogue of the tree, whatever an older build left behind."""
    target = tmp_path / "zh_Hans/LC_MESSAGES"
    target.mkdir(parents=True)
    for name in ("django", "djangojs"):
        subprocess.run(["msgfmt", "-o", str(target / f"{name}.mo"), str(CATALOGUE / f"{name}.po")], check=True)
    settings.LOCALE_PATHS = [tmp_path]  # Django then forgets what it had read


class Read(HTMLParser):
    """What somebody reads or hears on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        self.words += [value or "" for name, value in attrs if name in SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)


def english(page: str) -> set[str]:
    reader = Read()
    reader.feed(UNSEEN.sub("", page))
    return {found for words in reader.words for found in WORD.findall(unescape(words))} - NAMES


def paths(desk: Desk) -> Iterator[tuple[str, str]]:
    """Each page of the editor that an author meets when something is wrong, by name."""

    def get(address: str) -> str:
        return desk.client.get(address).content.decode()

    def post(address: str, values: dict[str, Any]) -> str:
        return desk.client.post(address, values, follow=True).content.decode()

    wrong = desk.values(
        "", ("text", text("")), ("picture", {"image": "", "alt": "x" * 201}), ("video", ""), ("document", "")
    )
    publish = {"action-publish": "1"}
    yield "a new lesson", get(desk.add)
    yield "a new lesson with mistakes", post(desk.add, {**wrong, **publish})
    yield "the same as a draft", post(desk.add, wrong)
    lesson = desk.published()
    edit = desk.edit(lesson)
    yield "a lesson", get(edit)
    yield "a lesson with mistakes", post(edit, {**wrong, **publish})
    other = Client()
    other.force_login(desk.colleague)
    opened = lesson.latest_revision
    stale = {"loaded_revision_id": opened.pk, "loaded_revision_created_at": opened.created_at.isoformat()}
    other.post(edit, desk.values("她的题目"))
    yield "a lesson that somebody else saved", post(edit, {**desk.values("我的题目"), **stale})
    yield (
        "autosave over somebody else's version",
        autosave(desk, edit, {**desk.values("我的"), **stale})["error_message"],
    )
    yield "autosave with a mistake", autosave(desk, edit, wrong)["error_message"]
    page = get(edit)
    yield "two editors", post_ping(desk, page, opened.pk)
    yield "saved", post(edit, desk.values("改好的"))
    desk.client.post(edit, desk.values("改好的", **publish))
    yield "published", get(edit)
    yield "history", get(f"/admin/pages/{lesson.pk}/history/")
    first, last = lesson.revisions.order_by("pk").first(), lesson.revisions.order_by("pk").last()
    yield "comparison", get(f"/admin/pages/{lesson.pk}/revisions/compare/{first.pk}...{last.pk}/")
    yield "an older version", get(f"/admin/pages/{lesson.pk}/revisions/{first.pk}/revert/")
    yield "a preview that cannot be", get(f"/admin/pages/add/cms/lessonpage/{desk.course.pk}/preview/")
    yield "a course", get(f"/admin/pages/{desk.course.pk}/edit/")
    yield from lists_and_bulk_pages(desk, get)
    nothing = {"title": "", "node": "", "intro": text("")}
    yield "a course with mistakes", post(f"/admin/pages/{desk.course.pk}/edit/", {**nothing, **publish})
    for kind in ("videos", "images", "documents"):
        yield f"chooser of {kind}", desk.client.get(f"/admin/{kind}/chooser/").json()["html"]
    fresh = UserFactory(name="新来的组织员")
    RoleGrantFactory(user=fresh, node=desk.world.neighbour, role=Role.ORGANISER)
    desk.client.force_login(fresh)
    yield (
        "choosers of somebody who has nothing yet",
        "".join(desk.client.get(f"/admin/{kind}/chooser/").json()["html"] for kind in ("images", "documents")),
    )


def lists_and_bulk_pages(desk: Desk, get: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """What stands around the editor: the lists of pages, what one page can be asked to do, and many at once."""
    shelf, lesson = desk.course.get_parent(), LessonPage.objects.get()
    for name, page in (("the shelf", shelf), ("a course", desk.course), ("a lesson", lesson)):
        yield f"the list of {name}", get(f"/admin/pages/{page.pk}/")
    for action in ("publish", "unpublish", "delete", "move"):
        for model, page in (("coursepage", desk.course), ("lessonpage", lesson)):
            answer = desk.client.get(f"/admin/bulk/wagtailcore/page/{action}/?id={page.pk}&next=/admin/")
            assert answer.status_code == 200, action
            yield f"many at once: {action} {model}", answer.content.decode()
    for kind, thing in (("image", desk.picture), ("document", desk.paper)):
        for action in ("delete", "add_tags", "add_to_collection"):
            answer = desk.client.get(f"/admin/bulk/wagtail{kind}s/{kind}/{action}/?id={thing.pk}&next=/admin/")
            if answer.status_code == 200:
                yield f"many at once: {action} {kind}", answer.content.decode()
    for action in ("unpublish", "delete", "copy", "move"):
        yield f"{action} a course", get(f"/admin/pages/{desk.course.pk}/{action}/")
    places = ["", "add/", "multiple/add/"]
    places = [f"{kind}/{place}" for kind in ("images", "documents") for place in places]
    for place in (*places, f"images/{desk.picture.pk}/", f"documents/edit/{desk.paper.pk}/"):
        yield place, get(f"/admin/{place}")


def post_ping(desk: Desk, page: str, revision_id: int) -> str:
    found = re.search(r'data-w-swap-src-value="([^"]+/ping/[^"]+)"', page)
    assert found is not None
    return str(desk.client.post(found.group(1), {"revision_id": revision_id}).json()["html"])


def test_no_english_sentence_stands_on_an_authors_way(desk: Desk) -> None:
    found = {name: words for name, page in paths(desk) if (words := english(page))}
    assert found == {}


def test_what_the_editors_scripts_may_say_is_chinese(desk: Desk) -> None:
    script = desk.client.get("/admin/jsi18n/").content.decode()
    said = json.loads(re.search(r"newcatalog = (\{.*?\});", script, re.DOTALL).group(1))  # type: ignore[union-attr]
    template = Path(wagtail.admin.__path__[0]) / "locale/en/LC_MESSAGES/djangojs.po"
    asked = set(re.findall(r'^msgid "(.+)"$', template.read_text(encoding="utf-8"), re.MULTILINE))
    assert sorted(words for words in asked if not said.get(words) and " " in words) == []


def test_our_words_win_over_wagtails() -> None:
    assert gettext("This field is required.") == "这一项还没有填。"
    assert gettext("View live") == "查看已发布的页面"
    one, many = "Referenced %(count)s time", "Referenced %(count)s times"
    assert ngettext(one, many, 3) % {"count": 3} == "3 处在用"
    assert gettext_noop("Go to the first error") != gettext("Go to the first error")


@pytest.mark.parametrize("name", ["django", "djangojs"])
def test_the_catalogue_keeps_placeholders(name: str) -> None:
    subprocess.run(["msgfmt", "--check-format", "-o", "/dev/null", str(CATALOGUE / f"{name}.po")], check=True)


def test_django_calls_whoever_chooses_a_password_as_the_site_does() -> None:
    for said in password_validators_help_texts():
        assert "你" not in said
    assert any("您" in said for said in password_validators_help_texts())
    assert "你" not in gettext("Your old password was entered incorrectly. Please enter it again.")
