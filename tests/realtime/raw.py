"""HTTP by hand on a real socket: what a broken line, a slow hand or a stranger sends."""

import contextlib
import json
import socket
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """One connection to the server on this machine."""

    def __init__(self, port: int, *, timeout: float = 90) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.port = port

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, method: str, path: str, headers: dict[str, Any] | None = None, body: bytes = b"") -> "Line":
        """Send the head of a request and what there is of its body."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)
        return self

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def pour(self, size: int, *, chunk: int = 64 * 1024) -> int:
        """Send up to ``size`` bytes until the other side takes no more; return how many went out."""
        sent = 0
        with contextlib.suppress(OSError):
            while sent < size:
                sent += self.socket.send(b"x" * min(chunk, size - sent))
        return sent

    def answer(self, *, has_body: bool = True) -> Answer:
        """Read one answer to its end, by its Content-Length or its last chunk; that to a HEAD has no body at all."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._more(head)
        first, _, rest = head.partition(b"\r\n\r\n")
        status, *lines = first.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        while has_body and len(rest) < int(headers.get("content-length", 0)):
            rest += self._more(rest)
        # What is left of a chunked body would be taken for the next answer.
        while has_body and headers.get("transfer-encoding") == "chunked" and not rest.endswith(b"0\r\n\r\n"):
            rest += self._more(rest)
        return Answer(int(status.split()[1]), headers, rest)

    def _more(self, so_far: bytes) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"closed after {so_far!r}")
        return data

    def is_closed(self) -> bool:
        """Whether the other side has hung up; waits for it as long as the line's timeout."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
