"""LRS_URL and what belongs to it: what is incomplete or contradicts itself stops the start, by its name."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.lrs_settings import Lrs, read

pytestmark = pytest.mark.unit
NAMES = ("URL", "USER", "PASSWORD", "TOKEN", "PEOPLE", "PASSWORD_FILE", "QUIZZES")
HERE = {"URL": "https://lrs.example.cn/xapi", "USER": "site", "PASSWORD": "a:b"}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(**values: str) -> Lrs:
        for name in NAMES:
            monkeypatch.delenv(f"LRS_{name}", raising=False)
        for name, value in values.items():
            monkeypatch.setenv(f"LRS_{name}", value)
        return read()

    return put


def test_none_is_set_up(given: Any) -> None:
    assert given() == Lrs()


def test_an_account_or_a_token(given: Any, tmp_path: Any) -> None:
    assert given(**HERE) == Lrs("https://lrs.example.cn/xapi", "site", "a:b")
    (tmp_path / "key").write_text("secret\n")
    found = given(URL="http://127.0.0.1:8080/xapi/statements/", USER="site", PASSWORD_FILE=str(tmp_path / "key"))
    assert (found.url, found.password) == ("http://127.0.0.1:8080/xapi", "secret")
    assert "secret" not in repr(found)
    assert given(**HERE, QUIZZES="1").quizzes is True
    assert given(URL=HERE["URL"], TOKEN="abc", PEOPLE="number") == Lrs(HERE["URL"], token="abc", people="number")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"USER": "site"}, "没有写 LRS_URL"),
        ({**HERE, "URL": "http://lrs.example.cn/xapi"}, "LRS_URL 要写 https"),
        ({**HERE, "URL": "lrs.example.cn"}, "LRS_URL 要写 https"),
        ({**HERE, "URL": "https://a:b@lrs.example.cn/xapi"}, "LRS_URL 只写到"),
        ({**HERE, "URL": "https://lrs.example.cn/xapi?x=1"}, "LRS_URL 只写到"),
        ({**HERE, "URL": "https://lrs.example.cn/学习"}, "LRS_URL 只写到"),
        ({**HERE, "URL": "https://lrs.example.cn/a b"}, "LRS_URL 只写到"),
        ({**HERE, "TOKEN": "abc"}, "只写一种"),
        ({"URL": HERE["URL"]}, "LRS_USER 和 LRS_PASSWORD"),
        ({"URL": HERE["URL"], "USER": "site"}, "LRS_USER 和 LRS_PASSWORD"),
        ({**HERE, "USER": "si:te"}, "LRS_USER 里不能有冒号"),
        ({"URL": HERE["URL"], "TOKEN": "a b"}, "LRS_TOKEN 里有空格"),
        ({"URL": HERE["URL"], "TOKEN": "密"}, "LRS_TOKEN 里有空格"),
        ({**HERE, "PEOPLE": "phone"}, "LRS_PEOPLE"),
    ],
)
def test_what_stops_the_start(given: Any, values: dict[str, str], named: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=named):
        given(**values)
