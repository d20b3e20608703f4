"""A gateway on this machine: a real HTTP server that checks what it gets and answers what the test wants."""

import hashlib
import hmac
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

KEY_ID, KEY_SECRET = "test-key-id", "test-key-secret"
Answer = tuple[int, str]


class Gateway:
    """``seen``: every request as (method, path, headers, body); ``answer``: what comes back."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: Callable[[str, str, dict[str, str], bytes], Answer] = lambda *_: (200, "{}")
        self.headers: dict[str, str] = {}
        self.release = threading.Event()
        self.silent = False
        self.url = ""


@contextmanager
def gateway() -> Iterator[Gateway]:
    here = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            here.seen.append((self.command, self.path, headers, body))
            if here.silent:
                here.release.wait(20)
                return
            status, text = here.answer(self.command, self.path, headers, body)
            data = text.encode()
            self.send_response(status)
            for name, value in here.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield here
    finally:
        here.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def aliyun_signature_fits(path: str, headers: dict[str, str], body: bytes) -> bool:
    """From the bytes on the wire alone, as Alibaba's page describes it; nothing of the product is used."""
    found = re.fullmatch(
        r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})", headers["authorization"]
    )
    if found is None or found[1] != KEY_ID:
        return False
    names = found[2].split(";")
    must = [name for name in headers if name.startswith("x-acs-") or name == "host"]
    if sorted(must) != names or headers["x-acs-content-sha256"] != hashlib.sha256(body).hexdigest():
        return False
    parts = urlsplit(path)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    block = "".join(f"{name}:{headers[name]}\n" for name in names)
    request = "\n".join(["POST", parts.path, query, block, found[2], hashlib.sha256(body).hexdigest()])
    expected = _mac(KEY_SECRET.encode(), "ACS3-HMAC-SHA256\n" + hashlib.sha256(request.encode()).hexdigest())
    return hmac.compare_digest(expected.hex(), found[3])


def tencent_signature_fits(path: str, headers: dict[str, str], body: bytes) -> bool:
    """As ``aliyun_signature_fits``, by Tencent's page."""
    found = re.fullmatch(
        r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request, "
        r"SignedHeaders=content-type;host, Signature=([0-9a-f]{64})",
        headers["authorization"],
    )
    if found is None or found[1] != KEY_ID or path != "/":
        return False
    block = f"content-type:{headers['content-type']}\nhost:{headers['host']}\n"
    request = f"POST\n/\n\n{block}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{found[2]}/{found[3]}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{headers['x-tc-timestamp']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = _mac(_mac(_mac(b"TC3" + KEY_SECRET.encode(), found[2]), found[3]), "tc3_request")
    return hmac.compare_digest(_mac(key, text).hex(), found[4])


def query_of(path: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(path).query))


def json_of(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found
