"""The shell of every page, the sign-in pages, and the pages for when something is wrong."""

from typing import Any

import pytest
from django.template import loader
from django.test import Client
from django.utils import timezone, translation

from organizations import sms
from organizations.operations import create_member
from tests.factories.organizations import UserFactory

PHONE = "13800000001"
PASSWORD = "fingertip-demo"
ERRORS = ("400", "403", "404", "500", "503")


@pytest.fixture
def wang(db: None) -> Any:
    return create_member(name="王秀兰", phone=PHONE, as_of=timezone.now(), password=PASSWORD)


@pytest.mark.unit
@pytest.mark.parametrize("name", [*ERRORS, "offline"])
def test_a_page_for_bad_moments_needs_neither_request_nor_database(name: str) -> None:
    html = loader.render_to_string(f"{name}.html", {"message": "刚才没有成功"})
    assert "<h1>" in html
    assert "下一步" in html
    assert 'class="btn"' in html
    assert 'lang="zh-Hans"' in html
    assert "csrf" not in html


@pytest.mark.unit
@pytest.mark.parametrize("name", ["400", "403", "500", "503"])
def test_an_error_page_says_what_the_server_knows(name: str) -> None:
    assert "刚才没有成功" in loader.render_to_string(f"{name}.html", {"message": "刚才没有成功"})


@pytest.mark.integration
@pytest.mark.django_db
class TestSignIn:
    @pytest.fixture(autouse=True)
    def with_messages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A site that can send codes."""
        monkeypatch.setattr(sms.ConsoleBackend, "reaches_phones", True)

    def test_asks_for_phone_and_password_on_one_screen(self, client: Client) -> None:
        html = client.get("/accounts/login/").text
        assert 'type="tel"' in html
        assert 'autocomplete="current-password"' in html
        assert 'aria-current="true">密码登录' in html
        assert 'href="/accounts/login/code/"' in html
        assert "给支部书记打电话" in html
        assert 'class="nav"' not in html

    def test_keeps_the_page_that_was_wanted_when_the_way_is_changed(self, client: Client) -> None:
        html = client.get("/accounts/login/?next=/me/%3Fa=1").text
        assert 'name="next" value="/me/?a=1"' in html
        assert 'href="/accounts/login/code/?next=/me/%3Fa%3D1"' in html

    def test_shows_demo_accounts_in_a_demonstration_only(self, client: Client, settings: Any) -> None:
        settings.DEBUG, settings.DEMO = False, True
        demonstration = client.get("/accounts/login/").text
        settings.DEMO = False
        product = client.get("/accounts/login/").text
        assert demonstration.count('name="login" value="138000000') == 6
        assert "13800000001" not in product
        assert PASSWORD not in product

    def test_a_demo_account_signs_in_with_one_touch(self, client: Client, wang: Any) -> None:
        client.post("/accounts/login/", {"login": PHONE, "password": PASSWORD})
        assert client.session["_auth_user_id"] == str(wang.pk)

    def test_says_what_is_wrong_beside_the_field(self, client: Client, wang: Any) -> None:
        html = client.post("/accounts/login/", {"login": "138", "password": "x"}).text
        assert 'role="alert"' in html
        assert '<div class="field wrong">' in html
        assert 'aria-invalid="true"' in html

    def test_a_code_is_shown_in_a_demonstration_and_signs_in(
        self, client: Client, wang: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.DEMO = True
        monkeypatch.setattr(sms.ConsoleBackend, "reaches_phones", False)
        html = client.post("/accounts/login/code/", {"phone": PHONE}, follow=True).text
        code = client.session["demo_code"]
        assert f"<b>{code}</b>" in html
        client.post("/accounts/login/code/confirm/", {"code": code})
        assert client.session["_auth_user_id"] == str(wang.pk)


@pytest.mark.integration
@pytest.mark.django_db
class TestShell:
    def page(self, client: Client) -> str:
        """A page of ours in the shell."""
        return client.get("/accounts/logout/").text

    def test_a_signed_in_member_has_tabs_and_the_way_out(self, client: Client, wang: Any) -> None:
        client.force_login(wang)
        html = self.page(client)
        assert 'class="nav"' in html
        assert '<a class="skip" href="#content">' in html
        assert '<main id="content"' in html
        assert 'href="/accounts/logout/"' in html
        assert html.count("<h1") == 1

    def test_elder_mode_marks_the_page_and_offers_the_way_back(self, client: Client, wang: Any) -> None:
        client.force_login(wang)
        assert "data-mode" not in self.page(client)
        client.post("/display/", {"elder": "1", "next": "/accounts/logout/"})
        html = self.page(client)
        assert '<html lang="zh-Hans" data-mode="elder">' in html
        assert 'name="elder" value="0">标准版' in html

    def test_what_was_chosen_before_signing_in_is_whoevers_signs_in_next(self, client: Client, wang: Any) -> None:
        client.post("/display/", {"elder": "1", "next": "/accounts/login/"})
        client.post("/display/", {"language": "en", "next": "/accounts/login/"})
        client.force_login(wang)
        html = self.page(client)
        assert '<html lang="en" data-mode="elder">' in html
        wang.refresh_from_db()
        assert (wang.elder_mode, wang.language) == (True, "en")

    def test_what_somebody_chose_is_not_whoevers_signs_in_after_them(self, client: Client, wang: Any) -> None:
        client.force_login(wang)
        client.post("/display/", {"elder": "1", "next": "/accounts/logout/"})
        client.post("/accounts/logout/")
        assert 'data-mode="elder"' in client.get("/accounts/login/").text  # the phone remembers
        other = UserFactory()
        client.force_login(other)
        assert "data-mode" not in self.page(client)
        other.refresh_from_db()
        assert other.elder_mode is False

    def test_the_other_language_is_one_touch_away(self, client: Client, wang: Any) -> None:
        client.force_login(wang)
        assert 'name="language" value="en" lang="en"' in self.page(client)
        client.post("/display/", {"language": "en", "next": "/accounts/logout/"})
        html = self.page(client)
        assert '<html lang="en">' in html
        assert 'name="language" value="zh-hans" lang="zh-Hans"' in html

    def test_forms_name_their_page_as_the_way_back(self, client: Client) -> None:
        html = client.get("/accounts/login/?next=/me/").text
        assert '<input type="hidden" name="next" value="/accounts/login/?next=/me/">' in html

    def test_error_pages_are_in_the_language_of_the_visitor(self) -> None:
        with translation.override("en"):
            assert '<html lang="en">' in loader.render_to_string("404.html")
