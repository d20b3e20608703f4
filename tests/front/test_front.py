"""What members, strangers and broken lines meet at the door of an installed site."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import requests
from django.conf import settings
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.front.seed import SEGMENT
from tests.front.site import BASE_DIR, PATIENCE_S, Front

pytestmark = pytest.mark.front
ONCE = (
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "Permissions-Policy",
)
PROXY = {"X-Forwarded-Proto": "https"}
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


def raw(front: Front, path: str, headers: dict[str, str] | None = None, *, body: bytes = b"", port: int = 0) -> Answer:
    """One request by hand, so that a header sent twice is seen twice, and a body need not come as announced.

    ``port``: of a process behind nginx, asked without TLS.
    """
    parts, context = urlsplit(front.url), ssl.create_default_context(cafile=str(front.certificate))
    plain = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    secure = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context, timeout=60)
    with contextlib.closing(plain if port else secure) as line:
        line.putrequest("POST" if body else "GET", path, skip_host=True, skip_accept_encoding=True)
        line.putheader("Host", "localhost")
        for name, value in (headers or {}).items():
            line.putheader(name, value)
        line.endheaders(body or None)
        answer = line.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read().decode("utf-8", "replace"))


def cookies(browser: requests.Session) -> str:
    return "; ".join(f"{one.name}={one.value}" for one in browser.cookies)


@pytest.fixture(scope="module")
def organiser(front: Front) -> requests.Session:
    return front.browser("organiser")


@pytest.fixture(scope="module")
def member(front: Front) -> requests.Session:
    return front.browser("member")


def test_plain_http_leads_to_tls(front: Front) -> None:
    answer = requests.get(front.environment["FRONT_HTTP"] + "/me/?a=1", allow_redirects=False, timeout=60)
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://localhost/me/?a=1")


def test_somebody_signs_in_with_secure_cookies(front: Front, member: requests.Session) -> None:
    assert {cookie.name for cookie in member.cookies if cookie.secure} >= {"sessionid", "csrftoken"}
    page = member.get(f"{front.url}/me/", timeout=60)
    assert (page.status_code, page.url) == (200, f"{front.url}/me/")


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/nowhere/", "/healthz", "/metrics", "/_media/videos/x", "/static/x"]
)
def test_headers_are_set_once_and_name_no_server(front: Front, path: str) -> None:
    answer = raw(front, path)
    names = Counter(name.lower() for name, _value in answer.headers)
    assert {name: names[name.lower()] for name in ONCE if names[name.lower()] > 1} == {}
    assert names["x-content-type-options"] == names["referrer-policy"] == 1
    said = " ".join(f"{name}: {value}" for name, value in answer.headers).lower()
    assert [word for word in ("uvicorn", "granian", "nginx/", "python") if word in said] == []


def test_static_files_are_nginxs_and_kept(front: Front) -> None:
    names = json.loads((BASE_DIR / "staticfiles/staticfiles.json").read_text())["paths"]
    name = next(hashed for plain, hashed in names.items() if plain == "css/app.css")
    answer = raw(front, f"/static/{name}", {"Accept-Encoding": "gzip"})
    assert (answer.status, answer.header("Content-Encoding")) == (200, "gzip")
    assert answer.header("Cache-Control") == "public, max-age=31536000, immutable"
    assert raw(front, "/static/../config/settings.py").status in (400, 404)


def test_the_viewer_gets_ranges_of_a_segment_from_nginx(front: Front, organiser: requests.Session) -> None:
    url = front.url + front.facts["segment"]
    part = organiser.get(url, headers={"Range": "bytes=1000-1999"}, timeout=60)
    assert (part.status_code, part.content) == (206, SEGMENT[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(SEGMENT)}"
    assert part.headers["Content-Type"] == "video/iso.segment"
    assert part.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert part.headers["Vary"] == "Cookie"
    assert "X-Accel-Redirect" not in part.headers
    whole = organiser.get(url, timeout=60)
    assert (whole.status_code, whole.content) == (200, SEGMENT)
    same = organiser.get(url, headers={"If-None-Match": whole.headers["ETag"]}, timeout=60)
    assert (same.status_code, same.content) == (304, b"")
    twice = Counter(name for name, _value in raw(front, front.facts["segment"], {"Cookie": cookies(organiser)}).headers)
    assert [name for name, number in twice.items() if number > 1] == []


@pytest.mark.parametrize("who", ["stranger", "member"])
@pytest.mark.parametrize("file", ["playlist", "segment"])
def test_nobody_else_gets_a_byte(front: Front, member: requests.Session, who: str, file: str) -> None:
    browser = member if who == "member" else front.browser()
    answer = browser.get(front.url + front.facts[file], headers={"Range": "bytes=0-9"}, timeout=60)
    assert answer.status_code == 404
    assert SEGMENT[:10] not in answer.content


@pytest.mark.parametrize(
    "path", ["/_media/videos/{video}/", "/_media/{folder}/480p-0001.m4s", "/_media/live/1/live.m3u8"]
)
def test_the_inner_place_has_no_door(front: Front, organiser: requests.Session, path: str) -> None:
    answer = organiser.get(front.url + path.format(**front.facts), timeout=60)
    assert answer.status_code == 404
    assert SEGMENT[:10] not in answer.content


def test_tokens_and_questions_stand_in_no_log(front: Front, organiser: requests.Session) -> None:
    token = front.facts["segment"].split("/")[2]
    organiser.get(front.url + front.facts["segment"] + "?why=secretword", timeout=60)
    organiser.get(front.url + "/accounts/link/secretlink/", timeout=60)
    organiser.get(
        front.url + "/me/?why=secretword", headers={"Referer": front.url + front.facts["segment"]}, timeout=60
    )
    front.all_logged()
    logs = {path.name: path.read_text("utf-8", "replace") for path in front.folder.rglob("*.log")}
    assert {"pages.log", "sockets.log", "fingertip.access.log"} <= set(logs)
    found = [
        (name, word) for name, text in logs.items() for word in (token, "secretword", "secretlink") if word in text
    ]
    assert found == []
    assert '"request":"GET /m/…"' in logs["fingertip.access.log"]
    assert '"request": "GET /m/…"' in logs["pages.log"]


@pytest.mark.parametrize("path", ["//m/{}/a.ts", "/M/{}/a.ts", "/x/../m/{}", "/%6d/{}/a.ts", "/m%2f{}/a.ts", "/./m/{}"])
def test_a_token_in_an_address_that_is_written_wrongly_stands_in_no_log(front: Front, path: str) -> None:
    token = f"wrongly{abs(hash(path))}"
    for way in (path, path.replace("/m", "/accounts//LINK")):
        raw(front, way.format(token))
    front.all_logged()
    logs = {log.name: log.read_text("utf-8", "replace") for log in front.folder.rglob("*.log")}
    assert [name for name, text in logs.items() if token in text] == []


def test_the_log_tells_the_address_that_was_asked(front: Front, organiser: requests.Session) -> None:
    """Also where nginx answers with another file than that: its own page, or the bytes of media."""
    raw(front, "/static/nothing-of-this-name?a=secretword")
    front.logged('"request":"GET /static/nothing-of-this-name"')
    before = front.all_logged()
    assert "/_errors/" not in before
    organiser.get(front.url + front.facts["segment"], timeout=60)
    front.logged('"request":"GET /m/…"', after=before)


def test_a_clients_word_about_its_address_is_not_believed(front: Front) -> None:
    front.browser().get(
        f"{front.url}/accounts/login/?spoof", headers={"X-Forwarded-For": "9.9.9.9", "X-Real-IP": "9.9.9.9"}, timeout=60
    )
    lines = [line for line in (front.folder / "pages.log").read_text().splitlines() if '"GET /accounts/login/"' in line]
    assert '"ip": "127.0.0.1"' in lines[-1]
    assert [line for line in lines if "9.9.9.9" in line] == []


def test_a_socket_opens_through_the_door_and_hears_what_a_page_says(front: Front, organiser: requests.Session) -> None:
    """The page is a WSGI worker's, the socket the ASGI process's: the word goes by Redis."""
    lecture, device = front.facts["lecture"], "a" * 32
    ticket = organiser.get(f"{front.url}/live/{lecture}/ticket.json?device={device}", timeout=60).json()
    context = ssl.create_default_context(cafile=str(front.certificate))
    address = front.url.replace("https", "wss") + f"{ticket['url']}?ticket={ticket['ticket']}"
    headers = {"Cookie": cookies(organiser)}
    with pytest.raises(InvalidStatus):
        connect(address, origin="https://elsewhere.example", additional_headers=headers, ssl=context, legacy=True)
    with (
        contextlib.closing(redis.Redis.from_url(front.environment["REDIS_URL"])) as bus,
        contextlib.closing(bus.pubsub(ignore_subscribe_messages=True)) as between,
        connect(address, origin=front.url, additional_headers=headers, ssl=context, legacy=True) as line,
    ):
        between.subscribe(f"fingertip__group__room.{lecture}")
        frames = [line.recv(timeout=PATIENCE_S)]
        while '"joined"' not in str(frames[-1]):
            frames.append(line.recv(timeout=PATIENCE_S))
        ended = requests.post(
            f"http://127.0.0.1:{front.pages_port}/admin/live/schedule/{lecture}/end/",
            {"csrfmiddlewaretoken": organiser.cookies["csrftoken"]},
            headers={**headers, "Referer": front.url, "Origin": front.url, "Host": "localhost", **PROXY},
            timeout=60,
            allow_redirects=False,
        )
        assert ended.status_code == 302, ended.text[:1000]
        heard, until = "", time.monotonic() + PATIENCE_S
        while '"ended"' not in heard and time.monotonic() < until:
            heard = str(line.recv(timeout=PATIENCE_S))
        assert '"ended"' in heard
        told: Any = None
        while not (told and b"ended" in told["data"]) and time.monotonic() < until:
            told = between.get_message(timeout=1)
        assert told, "the processes of the pages told those of the sockets"


def test_pieces_of_an_upload_outlive_a_broken_line(front: Front, organiser: requests.Session) -> None:
    head = {**TUS, "X-CSRFToken": organiser.cookies["csrftoken"], "Referer": front.url}
    length, sent = 2_000_000, 1_000_000
    made = organiser.post(
        f"{front.url}/uploads/",
        headers={**head, "Upload-Length": str(length), "Upload-Metadata": "filename YS5tcDQ="},
        timeout=60,
    )
    assert made.status_code == 201, made.text
    place = made.headers["Location"]
    parts = urlsplit(front.url)
    lines = [
        f"PATCH {urlsplit(place).path} HTTP/1.1", "Host: localhost", f"Cookie: {cookies(organiser)}",
        "Upload-Offset: 0", f"Content-Length: {length}", "Content-Type: application/offset+octet-stream",
        *(f"{name}: {value}" for name, value in head.items()), "", "",
    ]  # fmt: skip
    context = ssl.create_default_context(cafile=str(front.certificate))
    line = socket.create_connection((parts.hostname or "", parts.port or 0), 60)
    with line, context.wrap_socket(line, server_hostname="localhost") as secure:
        secure.sendall("\r\n".join(lines).encode() + b"x" * sent)
        file = front.folder / "var/files/.uploads" / place.rstrip("/").rsplit("/", 1)[1]
        until = time.monotonic() + PATIENCE_S
        while file.stat().st_size < sent and time.monotonic() < until:
            time.sleep(0.1)  # the line breaks with half of the piece on its way
    kept, until = 0, time.monotonic() + PATIENCE_S
    while kept < sent and time.monotonic() < until:
        kept = int(organiser.head(front.url + urlsplit(place).path, headers=TUS, timeout=60).headers["Upload-Offset"])
        time.sleep(0.2)
    assert kept == sent


@pytest.mark.parametrize(
    ("path", "size"),
    [("/accounts/login/", 65_537), ("/uploads/", 4 * 2**20), ("/roster/", 60 * 2**20), ("/admin/", 3 * 2**20)],
)
def test_too_much_is_said_in_chinese_before_it_is_read(front: Front, path: str, size: int) -> None:
    answer = raw(front, path, {"Content-Length": str(size)}, body=b"x" * 1000)
    assert answer.status == 413
    assert "发送的内容太大" in answer.text


def test_a_strangers_roster_is_refused_by_the_guard_without_being_read(front: Front) -> None:
    """nginx lets its size through, for an operator may send it; the role is asked before the body."""
    assert raw(front, "/roster/", {"Content-Length": str(50 * 2**20)}, body=b"x" * 1000).status == 413


def test_workers_that_are_away_are_told_in_chinese(front: Front) -> None:
    front.stop("pages")
    try:
        answer = front.browser().get(f"{front.url}/me/", timeout=60)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        answer.encoding = "utf-8"
        assert "请稍等几秒再试" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    finally:
        front.start("pages")
    front.wait_for("/healthz")


@pytest.mark.parametrize(
    ("header", "value", "status"), [("Content-Length", "65537", 413), ("Transfer-Encoding", "chunked", 411)]
)
def test_a_page_worker_refuses_what_is_too_large_or_does_not_say_how_large(
    front: Front, header: str, value: str, status: int
) -> None:
    """Asked past nginx, as another proxy might."""
    headers = {header: value, **PROXY}
    answer = raw(front, "/accounts/login/", headers, body=b"5\r\nhello\r\n0\r\n\r\n", port=front.pages_port)
    assert answer.status == status


def test_a_page_worker_does_not_start_with_another_key(front: Front) -> None:
    command = [sys.executable, "-c", "import config.wsgi"]
    done = subprocess.run(
        command, cwd=BASE_DIR, env={**front.environment, "PHONE_KEY": "w" * 64}, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "PHONE_KEY" in done.stderr.decode()


@pytest.mark.parametrize(("prefix", "size"), sorted({(row[0], row[2]) for row in settings.BODY_LIMITS}))
def test_sizes_in_nginx_are_those_of_the_guard(prefix: str, size: int) -> None:
    text = (BASE_DIR / "deploy/nginx.conf.in").read_text()
    block = re.search(rf"location {re.escape(prefix)} {{(.*?)}}", text, re.DOTALL)
    assert block is not None
    assert f"client_max_body_size {size};" in block[1]
    assert "proxy_request_buffering off;" in block[1]
    assert f"  client_max_body_size {settings.BODY_MAX_BYTES};" in text


def test_the_two_logs_hide_the_same_addresses() -> None:
    text = (BASE_DIR / "deploy/nginx.conf.in").read_text()
    hidden = re.findall(r'(?m)^  ~\*\^(/\S+) "\1…";$', text)
    assert sorted(hidden) == sorted(settings.PATHS_WITH_TOKENS)


def test_what_nginx_says_is_said_in_both_languages() -> None:
    text = (BASE_DIR / "deploy/nginx.conf.in").read_text()
    pages = set(re.findall(r"/_errors/(\d+\.html)", text))
    assert pages == {path.name for path in (BASE_DIR / "deploy/pages").glob("*.html")}
    for page in pages:
        said = (BASE_DIR / "deploy/pages" / page).read_text()
        assert re.search("[\u4e00-\u9fff]{4}", said)
        assert 'lang="en"' in said
