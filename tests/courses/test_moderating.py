"""Two organisers answer for one discussion: an old page undoes nothing of another's unseen."""

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from courses.discussing import write_comment
from courses.models import LessonComment
from organizations.models import Role, User
from tests.factories.courses import Given
from tests.factories.organizations import County, RoleGrantFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def enter(user: User) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return enter


@pytest.fixture
def comment(given: Given, world: County) -> LessonComment:
    return write_comment(
        occasion_id=given.run.pk, lesson_id=given.lesson.pk, author_id=world.member.pk, client_id="k1",
        text="血止不住怎么办", as_of=timezone.now(),
    )  # fmt: skip


def page_of(content: bytes) -> BeautifulSoup:
    return BeautifulSoup(content, "html.parser")


def hidden_of(page: BeautifulSoup, do: str) -> dict[str, str]:
    """What the form with this button carries beside what is typed."""
    button = page.select_one(f"button[name=do][value={do}]")
    assert button is not None
    form = button.find_parent("form")
    assert form is not None
    return {"do": do} | {str(one["name"]): str(one["value"]) for one in form.select("input[type=hidden]")}


def test_what_another_decided_is_there_although_it_stands_on_another_page_now(
    given: Given, world: County, comment: LessonComment, sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("courses.talk.A_PAGE", 1)
    office = f"/courses/{given.run.pk}/talk/"
    first, second = sign_in(world.organiser), sign_in(RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user)
    old = page_of(second.get(office).content)
    write_comment(
        occasion_id=given.run.pk, lesson_id=given.lesson.pk, author_id=world.member.pk, client_id="k2", text="还有一个",
        as_of=timezone.now(),
    )  # fmt: skip
    first.post(f"{office}{comment.pk}/decide/", hidden_of(old, "show"))
    page = page_of(second.post(f"{office}{comment.pk}/decide/", hidden_of(old, "hide") | {"text": "写了电话"}).content)
    assert page.select_one(f"#c{comment.pk} textarea:-soup-contains('写了电话')") is not None


def test_a_reason_stays_in_sight_where_another_has_hidden_the_comment(
    given: Given, world: County, comment: LessonComment, sign_in: Callable[[User], Client]
) -> None:
    office = f"/courses/{given.run.pk}/talk/"
    first, second = sign_in(world.organiser), sign_in(RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user)
    old = page_of(second.get(office).content)
    first.post(f"{office}{comment.pk}/decide/", hidden_of(old, "hide") | {"text": "重复了"})
    page = page_of(second.post(f"{office}{comment.pk}/decide/", hidden_of(old, "hide") | {"text": "写了电话"}).content)
    assert page.select_one(f"#c{comment.pk} textarea:-soup-contains('写了电话')") is not None
    assert "别人已经处理过这条留言" in page.get_text()


def test_one_comment_is_one_card_and_what_is_required_is_not_called_optional(
    given: Given, world: County, comment: LessonComment, sign_in: Callable[[User], Client]
) -> None:
    page = page_of(sign_in(world.organiser).get(f"/courses/{given.run.pk}/talk/").content)
    (card,) = page.select("main .card")
    assert card["id"] == f"c{comment.pk}"
    assert len(card.select("form")) == 2
    assert "选填" not in page.get_text()
    mine = page_of(sign_in(world.member).get(f"/courses/{given.run.pk}/{given.lesson.pk}/talk/").content)
    assert "您的问题或体会" in mine.get_text()
    assert "选填" not in mine.get_text()
    assert mine.select_one("textarea[name=text][required]") is not None
