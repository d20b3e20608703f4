"""``check --deploy`` fails on what would hurt."""

import secrets
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import OperationalError
from django.utils import timezone

from config import doctor

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def good(settings: Any) -> Any:
    settings.DEBUG, settings.DEMO, settings.HTTPS, settings.EMBEDDED = False, False, True, True
    settings.SMS_WAY, settings.MEDIA_SANDBOX = "http", "required"
    settings.SECRET_KEY, settings.PHONE_KEY = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
    doctor.confirm_key_kept(by="root", as_of=timezone.now())
    return settings


def ids() -> list[str]:
    found = run_checks(include_deployment_checks=True)
    return sorted(str(one.id) for one in found if str(one.id).startswith("site."))


def test_a_good_site_passes(good: Any) -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"DEBUG": True}, "site.E001"),
        ({"DEMO": True}, "site.E002"),
        ({"HTTPS": False}, "site.E003"),
        ({"SMS_WAY": "none", "SMS_BACKEND": "organizations.sms.ConsoleBackend"}, "site.E004"),
        ({"SECRET_KEY": "x" * 50}, "site.E005"),
        ({"MEDIA_SANDBOX": "try"}, "site.E008"),
        ({"EMBEDDED": False, "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}, "site.E009"),
    ],
)
@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
def test_each_thing_that_hurts_is_an_error(good: Any, changed: dict[str, Any], expected: str) -> None:
    """Finding: ops 14."""
    for name, value in changed.items():
        setattr(good, name, value)
    assert ids() == [expected]


def test_keys_that_are_one_or_kept_nowhere(good: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    good.PHONE_KEY = good.SECRET_KEY
    assert ids() == ["site.E006", "site.E007"]

    def away() -> bool:
        raise OperationalError("away")

    monkeypatch.setattr(doctor, "is_key_kept", away)
    assert ids() == ["site.E006", "site.W001"]


def test_they_speak_chinese_and_name_what_is_there(good: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONE_KEY_FILE", "/etc/fingertip/phone_key")
    good.DEBUG, good.HTTPS, good.SMS_WAY, good.SMS_BACKEND = True, False, "none", "organizations.sms.ConsoleBackend"
    good.SECRET_KEY, good.PHONE_KEY, good.MEDIA_SANDBOX = "x" * 50, "x" * 50, "try"
    found = [one for one in run_checks(include_deployment_checks=True) if str(one.id).startswith("site.")]
    assert len(found) == 8
    for one in found:
        for text in (one.msg, one.hint or ""):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in str(text)), text
    hints = {str(one.id): str(one.hint) for one in found}
    assert hints["site.E001"] == "请在 /etc/fingertip/env 里写 DEBUG=0。"
    assert "sudo fingertip sign_in_link" in hints["site.E004"]
    assert "/etc/fingertip/phone_key" in hints["site.E007"]
