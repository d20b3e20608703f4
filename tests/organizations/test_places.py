"""Where settings lie and how commands are called: on a server of install.sh, in containers, and anywhere else."""

import pytest

from organizations import places

pytestmark = pytest.mark.unit


def test_on_a_server_that_install_sh_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONE_KEY_FILE", "/etc/fingertip/phone_key")
    monkeypatch.setenv("DATABASE_URL_FILE", "/etc/fingertip/database_url")
    assert places.command("backup") == "sudo fingertip backup"
    assert (places.setting("SMS_WAY"), places.setting("DATABASE_URL")) == (
        "/etc/fingertip/env", "/etc/fingertip/database_url",
    )  # fmt: skip
    assert places.phone_key() == "/etc/fingertip/phone_key"


def test_in_containers_files_are_named_as_the_host_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONE_KEY_FILE", "/run/secrets/phone_key")
    monkeypatch.setenv("DATABASE_URL_FILE", "/run/secrets/database_url")
    monkeypatch.delenv("SMS_WAY_FILE", raising=False)
    assert places.command("backup") == "docker compose run --rm manage backup"
    assert (places.setting("SMS_WAY"), places.setting("DATABASE_URL")) == ("site/env", "site/secrets/database_url")
    assert places.phone_key() == "site/secrets/phone_key"


def test_anywhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PHONE_KEY_FILE", "DATABASE_URL_FILE", "PHONE_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert (places.command("backup"), places.setting("DATABASE_URL")) == ("manage.py backup", ".env")
    assert places.phone_key() == "VAR_DIR/secrets/phone_key"
    monkeypatch.setenv("PHONE_KEY", "k" * 40)
    assert places.phone_key() == ".env"
