"""A real S3 service over HTTP (moto's server), and a line to it that can be made slow, full, forbidden or late."""

import contextlib
import http.client
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from media.core.place import Place, Storage

KEYS = {"key_id": "classroom", "secret": "not-to-be-told"}
ANSWERS = {
    "full": (507, "QuotaExceeded"),
    "forbidden": (403, "AccessDenied"),
    "down": (503, "ServiceUnavailable"),
}


class Line(ThreadingHTTPServer):
    """Hands requests on to ``target``; ``mode`` "" or one of ANSWERS, "slow", "late" for what ``hits`` says."""

    daemon_threads = True
    request_queue_size = 64  # nobody who comes with others waits a second to come again

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urlsplit(target).netloc
        self.mode, self.methods, self.asked, self.left = "", {"PUT", "POST"}, [], 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def breaks(self, mode: str, *methods: str, left: int = 10**9) -> None:
        """From now on ``left`` requests of these methods fare so."""
        self.mode, self.methods, self.left = mode, set(methods), left


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Line

    def log_message(self, *_args: Any) -> None:
        return

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = self.server
        line.asked.append((self.command, self.path))
        if line.mode and self.command in line.methods and line.left > 0:
            line.left -= 1
            if line.mode == "slow":  # and then not at all: what comes there after all is no fault
                time.sleep(1.5)
                self.answer(503, [], b"")
                return
            if line.mode == "late" and self.path.count("/") > 1:  # of a file; the bucket is there
                self.answer(404, [], b"")
                return
            if line.mode != "late":
                status, code = ANSWERS[line.mode]
                self.answer(status, [], f"<Error><Code>{code}</Code></Error>".encode())
                return
        there = http.client.HTTPConnection(line.target, timeout=30)
        there.request(self.command, self.path, body, dict(self.headers))
        said = there.getresponse()
        self.answer(said.status, said.getheaders(), said.read())
        there.close()

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        dropped = {"connection", "transfer-encoding", *(() if self.command == "HEAD" else ("content-length",))}
        for name, value in headers:
            if name.lower() not in dropped:
                self.send_header(name, value)
        if self.command != "HEAD" or not headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:  # whoever asked has gone
            return


@contextlib.contextmanager
def s3_service() -> Iterator[str]:
    """Yield the address of a service without buckets."""
    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextlib.contextmanager
def line_to(target: str) -> Iterator[Line]:
    server = Line(target)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    with s3_service() as address:
        yield address


@pytest.fixture
def line(s3_server: str) -> Iterator[Line]:
    with line_to(s3_server) as one:
        yield one


@pytest.fixture
def place(request: pytest.FixtureRequest, line: Line, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A bucket of this test's own, empty. Only where it is to be too slow (``mode``) is an answer not waited for."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    for name in ("ANSWER_S", "QUICK_S"):
        monkeypatch.setattr(f"media.sides.bucket.{name}", 0.7 if "slow" in params.values() else 30)
    monkeypatch.setattr("media.sides.bucket.TRIES", 2)
    monkeypatch.setattr("media.sides.bucket.LATE_S", (0.02,) * 5)
    name = f"classroom-{uuid.uuid4().hex[:12]}"
    made = boto3.client(
        "s3", endpoint_url=s3_server, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    made.create_bucket(Bucket=name)
    made.close()
    return Place(bucket=name, endpoint=line.url, region="us-east-1", prefix="site/", **KEYS)


@pytest.fixture
def in_bucket(place: Place, settings: Any, media_root: Path) -> Place:
    """The site's files go to the bucket, and lie nowhere else."""
    stored_in(settings, place)
    return place


def stored_in(settings: Any, now: Place, before: Place | None = None) -> None:
    """Set the site as STORAGE_URL and STORAGE_OLD_URL do, for this process."""
    storage = Storage(now, before, Path(settings.MEDIA_ROOT))
    settings.STORAGE = storage
    backend = "django.core.files.storage.FileSystemStorage" if storage.is_plain else "media.files.SiteFiles"
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": backend}}
