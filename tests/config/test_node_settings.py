"""MEDIA_NODE and what belongs to it: what is incomplete stops the start, by its name."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.node_settings import Nodes, read

pytestmark = pytest.mark.unit


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(**values: str) -> Nodes:
        for name in ("MEDIA_NODE", "MEDIA_NODE_ADDRESS", "MEDIA_APART"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return read()

    return put


def test_one_host_says_nothing(given: Any) -> None:
    assert given() == Nodes("local")
    assert given(MEDIA_NODE="二号", MEDIA_APART="1") == Nodes("二号", apart=True)


def test_a_host_of_several(given: Any) -> None:
    found = given(MEDIA_NODE="m2", MEDIA_APART="1", MEDIA_NODE_ADDRESS=" 10.0.0.12:8088 ")
    assert found == Nodes("m2", "10.0.0.12:8088", apart=True)


@pytest.mark.parametrize(
    "wrong", ["10.0.0.12", "10.0.0.12:", "10.0.0.12:0", "10.0.0.12:70000", "media:8088", "[::1]:8088", "a:b:c"]
)
def test_an_address_is_a_number_and_a_port(given: Any, wrong: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MEDIA_NODE_ADDRESS"):
        given(MEDIA_NODE="m2", MEDIA_APART="1", MEDIA_NODE_ADDRESS=wrong)


@pytest.mark.parametrize("missing", ["MEDIA_NODE", "MEDIA_APART"])
def test_an_address_alone_is_incomplete(given: Any, missing: str) -> None:
    whole = {"MEDIA_NODE": "m2", "MEDIA_APART": "1", "MEDIA_NODE_ADDRESS": "10.0.0.12:8088"}
    with pytest.raises(ImproperlyConfigured, match=missing):
        given(**{name: value for name, value in whole.items() if name != missing})
