"""One address stays one address, whatever a client writes into its headers: through a real uvicorn, limits and log."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from config.run import Site
from tests.factories.organizations import UserFactory
from tests.realtime.conftest import RoomServer, serving
from tests.realtime.raw import Line

pytestmark = [pytest.mark.realtime, pytest.mark.django_db(transaction=True)]
CODE, TOKEN = "/accounts/login/code/", "t" * 32
CLAIMS = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "X-Client-IP", "True-Client-IP")
LOGS = {"LOG_LEVEL": "INFO", "LOG_FORMAT": "json"}


@pytest.fixture
def direct(tmp_path: Path) -> Iterator[RoomServer]:
    """A site that names no proxy."""
    with serving(tmp_path, **LOGS) as server:
        yield server


@pytest.fixture
def behind_nginx(tmp_path: Path) -> Iterator[RoomServer]:
    """A site whose proxy stands on the same host."""
    with serving(tmp_path, TRUSTED_PROXIES="127.0.0.1,::1", **LOGS) as server:
        yield server


def ask_for_code(server: RoomServer, **claims: str) -> int:
    body = urlencode({"phone": "13800000001", "csrfmiddlewaretoken": TOKEN}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"csrftoken={TOKEN}",
        "Content-Length": len(body),
    }
    with Line(server.port) as line:
        line.ask("POST", CODE, {**headers, **{name.replace("_", "-"): value for name, value in claims.items()}})
        line.send(body)
        return line.answer().status


def logged(server: RoomServer) -> set[str]:
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    return {line["ip"] for line in lines if CODE in line.get("request", "")}


def test_a_direct_sites_visitors_are_who_they_are(direct: RoomServer) -> None:
    """Four made-up addresses in every header that anybody reads: still one address, and three codes."""
    UserFactory(phone="+8613800000001")
    made_up = [dict.fromkeys((name.replace("-", "_") for name in CLAIMS), f"9.9.9.{n}") for n in range(4)]
    assert [ask_for_code(direct, **claims) for claims in made_up] == [302, 302, 302, 429]
    assert logged(direct) == {"127.0.0.1"}
    warnings = [line for line in direct.log.read_text().splitlines() if "proxy_not_trusted" in line]
    assert len(warnings) == 1
    assert "TRUSTED_PROXIES" in warnings[0]


def test_behind_a_proxy_only_what_the_proxy_says_counts(behind_nginx: RoomServer) -> None:
    """nginx appends the address it heard to what the client wrote: the last one counts."""
    UserFactory(phone="+8613800000001")
    answers = [ask_for_code(behind_nginx, X_Forwarded_For=f"9.9.9.{n}, 203.0.113.7") for n in range(4)]
    assert answers == [302, 302, 302, 429]
    assert ask_for_code(behind_nginx, X_Forwarded_For="198.51.100.1") == 302
    assert logged(behind_nginx) == {"203.0.113.7", "198.51.100.1"}
    assert "proxy_not_trusted" not in behind_nginx.log.read_text()


def test_the_site_starts_its_server_without_a_rule_of_its_own() -> None:
    """uvicorn would believe X-Forwarded-For of everybody on this machine, and rewrite the address before we see it."""
    assert "--no-proxy-headers" in Site(8000).commands()["web"]
