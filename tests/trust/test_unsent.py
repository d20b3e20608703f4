"""What only takes a form, opened with a browser: the page it belongs to, and that nothing was sent."""

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client

from organizations.models import User
from tests.trust import requests, urls
from tests.trust.urls import Row
from tests.trust.world import World, undone

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SAID = "刚才那一步没有提交，请再点一次"
# What our scripts alone send to, as JSON: there is no page above it that a browser could have come from.
SCRIPTS = ("uploads/", "watch/")
ONLY_FORMS = [row for row in urls.ROWS if row.methods == "POST" and not row.route.startswith(SCRIPTS)]


def test_there_is_something_to_walk() -> None:
    assert len(ONLY_FORMS) > 15


@pytest.mark.parametrize("row", ONLY_FORMS, ids=lambda row: row.route)
def test_a_form_that_was_lost_leads_back_to_its_page(world: World, row: Row) -> None:
    wrong = {}
    for persona in sorted(row.who - {"anyone"}):
        with undone():
            world.sign_in(persona)
            answer = world.browser.get(requests.address(row, world, persona), headers=BROWSER, follow=True)
            if answer.status_code != 200 or SAID not in answer.content.decode():
                wrong[persona] = (answer.status_code, answer.redirect_chain)
            assert len(answer.redirect_chain) >= 1
    assert wrong == {}


def test_a_dispute_tapped_after_the_session_ended(world: World) -> None:
    """The whole way: the tap, the sign-in, and then the record with a sentence instead of a browser's error."""
    with undone():
        tapper = Client()
        record = f"/me/records/{world.given.pk}/"
        tapped = tapper.post(f"{record}dispute/", {"reason": "cut_off"}, headers=BROWSER)
        assert tapped["Location"] == f"/accounts/login/?next={record}dispute/"
        tapper.force_login(User.objects.get(pk=world.member.pk))
        led: HttpResponse = tapper.get(f"{record}dispute/", headers=BROWSER)
        assert (led.status_code, led["Location"]) == (302, record)
        assert [str(one) for one in get_messages(led.wsgi_request)] == [SAID + "。"]
        assert SAID in tapper.get(record, headers=BROWSER).content.decode()


def test_a_visitor_is_led_to_the_page_too_and_asked_to_sign_in_there(world: World) -> None:
    record = f"/me/records/{world.given.pk}/"
    answer = Client().get(f"{record}dispute/withdraw/", headers=BROWSER)
    assert (answer.status_code, answer["Location"]) == (302, record)


def test_scripts_get_what_they_always_got(world: World) -> None:
    with undone():
        world.sign_in("member")
        url = f"/me/records/{world.given.pk}/dispute/"
        assert world.browser.get(url).status_code == 405
        assert world.browser.get(url, headers={"accept": "application/json"}).status_code == 405


def test_what_takes_no_form_says_so_on_a_page_of_ours(world: World) -> None:
    with undone():
        world.sign_in("member")
        answer = world.browser.post("/me/", headers=BROWSER)
        assert (answer.status_code, answer["Allow"]) == (405, "GET")
        assert "刚才那一步没有提交" in answer.content.decode()
        assert 'href="/"' in answer.content.decode()
