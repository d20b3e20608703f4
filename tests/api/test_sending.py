"""One report over the wire: to whom it goes, and what becomes of a target that is none, hangs or lies."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api import sending
from api.sending import Outcome, address_of, post
from tests.api.targets import Target, certificate, serving

pytestmark = pytest.mark.integration


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(found))
    return found


@pytest.fixture
def target(pem: Path, settings: Any) -> Iterator[Target]:
    settings.WEBHOOK_PRIVATE_TARGETS = True
    with serving(pem) as found:
        yield found


def send(url: str) -> Outcome:
    return post(url=url, body=b'{"a": 1}', headers={"X-A": "b", "Content-Type": "application/json"})


def test_it_arrives(target: Target) -> None:
    assert send(target.url) == Outcome(status=204)
    headers, body = target.came[0]
    assert (headers["X-A"], headers["Content-Type"], body) == ("b", "application/json", b'{"a": 1}')
    assert headers["Host"].startswith("127.0.0.1")


def test_a_redirect_is_not_followed(target: Target) -> None:
    target.status = 302
    assert send(target.url) == Outcome(status=302)
    assert len(target.came) == 1


def test_this_machine_is_refused_unless_a_setting_allows(target: Target, settings: Any) -> None:
    settings.WEBHOOK_PRIVATE_TARGETS = False
    assert send(target.url) == Outcome(error="private")
    assert target.came == []


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where only one of its addresses does: which one is taken would be luck."""
    found = [(0, 0, 0, "", ("8.8.8.8", 443)), (0, 0, 0, "", ("10.0.0.5", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    assert send("https://a.example/") == Outcome(error="private")
    found.pop()
    assert address_of("a.example", 443) == "8.8.8.8"


def test_a_name_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*args: Any, **kwargs: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert send("https://a.example/") == Outcome(error="unknown")


def test_a_certificate_of_somebody_else(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert send(target.url) == Outcome(error="certificate")
    assert target.came == []


def test_nobody_listens(settings: Any) -> None:
    settings.WEBHOOK_PRIVATE_TARGETS = True
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert send(f"https://127.0.0.1:{port}/") == Outcome(error="connection")


def test_a_target_that_hangs_is_cut(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has read all and answers nothing: the whole may last so long and no longer."""
    monkeypatch.setattr(sending, "WHOLE_S", 0.5)
    target.hold = threading.Event()
    assert send(target.url) == Outcome(error="slow")


def test_what_is_no_target_is_said(settings: Any) -> None:
    assert send("http://a.example/") == Outcome(error="https")
