"""Two organisers answer for one discussion: an old page undoes nothing of another's unseen."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from attendance.models import Notice
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


def colleague(world: County) -> Any:
    return RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user


def page_of(content: bytes) -> BeautifulSoup:
    return BeautifulSoup(content, "html.parser")


def hidden_of(page: BeautifulSoup, do: str) -> dict[str, str]:
    """What the form with this button carries beside what is typed."""
    button = page.select_one(f"button[name=do][value={do}]")
    assert button is not None
    form = button.find_parent("form")
    assert form is not None
    return {"do": do} | {str(one["name"]): str(one["value"]) for one in form.select("input[type=hidden]")}


def test_a_decision_from_an_old_page_is_asked_for_once_more(
    given: Given, world: County, comment: LessonComment, sign_in: Callable[[User], Client]
) -> None:
    office = f"/courses/{given.run.pk}/talk/"
    decide = f"{office}{comment.pk}/decide/"
    first = sign_in(world.organiser)
    second = sign_in(colleague(world))
    old = page_of(second.get(office).content)
    first.post(decide, hidden_of(page_of(first.get(office).content), "show"))

    answer = second.post(decide, hidden_of(old, "hide") | {"text": "写了电话"})
    assert answer.status_code == 200
    page = page_of(answer.content)
    assert page.get_text().count("您打开这一页以后，别人已经公开了这条留言") == 2  # above, and in its card
    assert "写了电话" in page.get_text()
    comment.refresh_from_db()
    assert (comment.state, Notice.objects.count()) == ("shown", 0)
    assert second.post(decide, hidden_of(page, "hide") | {"text": "写了电话"}).status_code == 302
    comment.refresh_from_db()
    assert (comment.state, comment.reason) == ("hidden", "写了电话")

    # The first one's page is the old one now: an answer, another reason, a publication ask as well and keep the words.
    for do, text in (("answer", "压住伤口"), ("hide", "另一个原因"), ("show", "")):
        answer = first.post(decide, hidden_of(old, do) | {"text": text})
        assert "别人已经不公开这条留言" in answer.content.decode()
        assert text in page_of(answer.content).get_text()
    comment.refresh_from_db()
    assert (comment.state, comment.reason, comment.answer) == ("hidden", "写了电话", "")
    first.post(decide, hidden_of(page_of(answer.content), "answer") | {"text": "压住伤口"})
    assert "别人已经回复了这条留言" in second.post(decide, hidden_of(old, "hide") | {"text": "不行"}).content.decode()
    # Who presses the same button asks for what stands already; who decided it themselves knows of it.
    assert second.post(decide, hidden_of(old, "show")).status_code == 302
    assert second.post(decide, hidden_of(old, "hide") | {"text": "不行"}).status_code == 302


def test_what_another_decided_is_there_although_it_stands_on_another_page_now(
    given: Given, world: County, comment: LessonComment, sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("courses.talk.A_PAGE", 1)
    office = f"/courses/{given.run.pk}/talk/"
    first, second = sign_in(world.organiser), sign_in(colleague(world))
    old = page_of(second.get(office).content)
    write_comment(
        occasion_id=given.run.pk, lesson_id=given.lesson.pk, author_id=world.member.pk, client_id="k2", text="还有一个",
        as_of=timezone.now(),
    )  # fmt: skip
    first.post(f"{office}{comment.pk}/decide/", hidden_of(old, "show"))
    page = page_of(second.post(f"{office}{comment.pk}/decide/", hidden_of(old, "hide") | {"text": "写了电话"}).content)
    assert page.select_one(f"#c{comment.pk} textarea:-soup-contains('写了电话')") is not None


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
