"""A stand-in for an S3 service that writes to a disk and does no more than it must.

``python -m bench._s3_sink FOLDER`` prints its port. It knows buckets without asking, files in one request or in pieces,
HEAD, DELETE; it computes the tags by which a client compares what came (MD5), asks for no signature and lists nothing.
moto's server keeps all in memory and parses each body as a form: beside that nothing else could be measured.
"""

import hashlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

BUFFER = 2**20
uploads = count(1)
lock = threading.Lock()
tags: dict[str, tuple[int, str]] = {}  # by key: size and tag
parts: dict[str, dict[int, tuple[int, bytes]]] = {}  # by upload: size and MD5 of each


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path

    def log_message(self, *_args: Any) -> None:
        return

    def answer(self, status: int, body: str = "", **headers: str) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def asked(self) -> tuple[str, dict[str, str]]:
        split = urlsplit(self.path)
        return split.path, {name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()}

    def do_HEAD(self) -> None:
        key, _query = self.asked()
        if key.count("/") < 2:
            self.answer(200)
        elif key not in tags:
            self.answer(404)
        else:
            size, tag = tags[key]
            self.answer(200, Content_Length=str(size), ETag=f'"{tag}"', Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT")

    def do_PUT(self) -> None:
        key, query = self.asked()
        number, name = int(query.get("partNumber", 0)), query.get("uploadId", "")
        left = size = int(self.headers["Content-Length"])
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        digest, buffer = hashlib.md5(usedforsecurity=False), memoryview(bytearray(BUFFER))
        target = self.folder / hashlib.sha256(key.encode()).hexdigest()
        target.touch()
        with target.open("r+b", buffering=0) as file:
            if number > 1:
                file.seek((number - 1) * parts[name][1][0])  # all but the last are as long as the first
            while left and (got := self.rfile.readinto(buffer[: min(left, BUFFER)])):
                digest.update(buffer[:got])
                file.write(buffer[:got])
                left -= got
        if number:
            parts[name][number] = (size, digest.digest())
        else:
            tags[key] = (size, digest.hexdigest())
        self.answer(200, ETag=f'"{digest.hexdigest()}"')

    def do_POST(self) -> None:
        key, query = self.asked()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "uploads" in query:
            with lock:
                name = str(next(uploads))
            parts[name] = {}
            named = f"<UploadId>{name}</UploadId>"
            self.answer(200, f"<InitiateMultipartUploadResult>{named}</InitiateMultipartUploadResult>")
            return
        sent = [parts[query["uploadId"]][number] for number in sorted(parts[query["uploadId"]])]
        tag = hashlib.md5(b"".join(md5 for _size, md5 in sent), usedforsecurity=False).hexdigest() + f"-{len(sent)}"
        tags[key] = (sum(size for size, _md5 in sent), tag)
        self.answer(200, f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>")

    def do_DELETE(self) -> None:
        key, _query = self.asked()
        tags.pop(key, None)
        (self.folder / hashlib.sha256(key.encode()).hexdigest()).unlink(missing_ok=True)
        self.answer(204)


def main() -> None:
    Handler.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
