"""Settings from the environment: good values are taken, bad ones stop the start and name the variable."""

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env, key_settings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("raw", "value"), [("1", True), ("yes", True), ("Off", False), ("", False)])
def test_flag_reads_plain_words(monkeypatch: pytest.MonkeyPatch, raw: str, value: bool) -> None:
    monkeypatch.setenv("FLAG", raw)
    assert env.flag("FLAG", default=not value) is value


def test_flag_names_the_variable_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAG", "perhaps")
    with pytest.raises(ImproperlyConfigured, match=r"FLAG 写的是 'perhaps'.* / FLAG is 'perhaps'"):
        env.flag("FLAG", default=False)


@pytest.mark.parametrize("raw", ["", "-1", "1.5", "70000", "８０"])
def test_number_refuses_what_is_not_a_port(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("PORT", raw)
    with pytest.raises(ImproperlyConfigured, match=r"PORT 写的是 .*整数 / PORT is"):
        env.number("PORT", default=8000, low=1, high=65535)


def test_url_refuses_another_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "http://redis")
    with pytest.raises(ImproperlyConfigured, match=r"REDIS_URL 要用 .* / REDIS_URL must begin with"):
        env.url("REDIS_URL", schemes=("redis",))


def test_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40 + "\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert env.secret("SECRET_KEY", var_dir=tmp_path, generate=False) == "k" * 40


def test_secret_is_wanted_in_production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PHONE_KEY", raising=False)
    with pytest.raises(ImproperlyConfigured, match="PHONE_KEY"):
        env.secret("PHONE_KEY", var_dir=tmp_path, generate=False)
    monkeypatch.setenv("PHONE_KEY", "short")
    with pytest.raises(ImproperlyConfigured, match=r"不到 32 个字符.* / .*shorter than 32"):
        env.secret("PHONE_KEY", var_dir=tmp_path, generate=False)


def test_former_keys_are_taken_and_a_bad_one_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY_FALLBACKS", raising=False)
    assert key_settings.fallbacks("n" * 40) == []
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", f" {'a' * 40}, {'b' * 32},")
    assert key_settings.fallbacks("n" * 40) == ["a" * 40, "b" * 32]
    for wrong, said in (("hunter2", "不到 32 个字符.* / .*shorter than 32"), ("n" * 40, "现在的.* / .*present")):
        monkeypatch.setenv("SECRET_KEY_FALLBACKS", wrong)
        with pytest.raises(ImproperlyConfigured, match=said) as refused:
            key_settings.fallbacks("n" * 40)
        assert wrong not in str(refused.value)


def test_demo_secret_is_made_once_and_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PHONE_KEY", raising=False)
    first = env.secret("PHONE_KEY", var_dir=tmp_path, generate=True)
    assert env.secret("PHONE_KEY", var_dir=tmp_path, generate=True) == first
    assert stat.S_IMODE((tmp_path / "secrets/phone_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["phone_key"]


def test_proxies_are_named_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.1, ::1,10.0.0.0/8,unix")
    trusted = env.trusted_proxies("TRUSTED_PROXIES")
    assert [trusted.holds(peer) for peer in ("127.0.0.1", "::1", "10.9.9.9", "", "203.0.113.7")] == [True] * 4 + [False]
    monkeypatch.setenv("TRUSTED_PROXIES", "nginx")
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES: 'nginx' is no address"):
        env.trusted_proxies("TRUSTED_PROXIES")


def test_a_count_of_proxies_is_refused_by_the_name_of_what_replaced_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXY_COUNT", "1")
    with pytest.raises(ImproperlyConfigured, match="name the proxy in TRUSTED_PROXIES"):
        env.trusted_proxies("TRUSTED_PROXIES")


@pytest.mark.parametrize("raw", ["", "0571-88880000", "+86 571 8888 0000", "12345"])
def test_a_telephone_number_is_taken_as_people_write_it(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("HELP_PHONE", raw)
    assert env.telephone("HELP_PHONE") == raw


@pytest.mark.parametrize("raw", ["call me", "1", "javascript:1", "0571-88880000;ext=1"])
def test_what_is_no_telephone_number_is_named(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("HELP_PHONE", raw)
    with pytest.raises(ImproperlyConfigured, match=r"HELP_PHONE 写的是 .*电话号码"):
        env.telephone("HELP_PHONE")


def test_a_chinese_host_is_kept_as_browsers_send_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_URL", "https://课堂.example.cn/")
    monkeypatch.setenv("ALLOWED_HOSTS", "课堂.example.cn, 127.0.0.1")
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://课堂.example.cn:8443")
    assert env.site_url("SITE_URL", default="") == "https://xn--cksr32j.example.cn"
    assert env.hosts("ALLOWED_HOSTS", default=[]) == ["xn--cksr32j.example.cn", "127.0.0.1"]
    assert env.hosts("ALLOWED_ORIGINS", default=[]) == ["https://xn--cksr32j.example.cn:8443"]


def test_a_host_that_is_none_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_URL", "https://课堂..cn")
    with pytest.raises(ImproperlyConfigured, match=r"SITE_URL 里的主机名写得不对.* / SITE_URL holds"):
        env.site_url("SITE_URL", default="")
