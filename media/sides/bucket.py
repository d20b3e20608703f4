"""A bucket of an S3 service: one file a key, private, each step told to whoever waits (boto3; ADR 87).

Keys are relative paths as under MEDIA_ROOT. A file goes up in one request, or in pieces of PIECE_BYTES that are there
together or not at all. What was sent is compared with what came there before it counts as stored.
"""

import contextlib
import hashlib
import io
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import IO, Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from media.core.place import Place
from media.sides.answers import told_apart
from media.sides.faults import UnableToReach, UnableToStore
from media.sides.found import Entry, Found, Stream

PIECE_BYTES = 16 * 2**20
READ_BYTES = 256 * 1024
CONNECT_S, ANSWER_S, TRIES, QUICK_S = 3, 20, 3, 0.7
# A service may show what was stored only after a while.
LATE_S = (0.1, 0.3, 1.0, 2.0, 4.0)
SEEN_S = 10.0
ABORTED_AT_ONCE = 1000
Beat = Callable[[], None]


def no_beat() -> None:
    """Nobody waits."""


_making = threading.Lock()  # boto's sessions are not made in two threads at once
_seen: dict[Place, float] = {}  # when a bucket was last known to be there (monotonic)


@lru_cache(maxsize=8)
def client(place: Place, *, is_quick: bool = False, is_signed: bool = True) -> Any:
    """Usable from any thread. ``is_quick``: a second and one try; not ``is_signed``: as any stranger."""
    with _making:
        return boto3.session.Session().client(
            "s3",
            endpoint_url=place.endpoint or None,
            region_name=place.region,
            aws_access_key_id=place.key_id,
            aws_secret_access_key=place.secret,
            config=Config(
                signature_version="s3v4" if is_signed else UNSIGNED,
                connect_timeout=QUICK_S if is_quick else CONNECT_S,
                read_timeout=QUICK_S if is_quick else ANSWER_S,
                max_pool_connections=64,
                retries={"mode": "standard", "total_max_attempts": 1 if is_quick else TRIES},
                s3={"addressing_style": place.addressing},
                # Newer checksums are unknown to many services that speak S3.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


class Bucket:
    """The files of one place. Every method raises UnableToReach, and UnableToStore where there is no more room."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def __str__(self) -> str:
        return str(self.place)

    @property
    def _client(self) -> Any:
        return client(self.place)

    def _name(self, key: str) -> dict[str, str]:
        return {"Bucket": self.place.bucket, "Key": self.place.prefix + key}

    def find(self, key: str) -> Found | None:
        """What lies under a key; None where there is nothing."""
        try:
            with told_apart():
                said = self._client.head_object(**self._name(key))
        except FileNotFoundError:
            self._require_bucket()
            return None
        tag = said["ETag"].strip('"')
        return Found(key, said["ContentLength"], said["LastModified"].timestamp(), f'"{tag}"', self._opener(key))

    def _require_bucket(self) -> None:
        """A HEAD has no body: without a file, and without a bucket, its answer is the same 404.

        Only that it is there is remembered, and not for long. Raises UnableToReach("no_bucket").
        """
        asked_at = time.monotonic()
        if asked_at - _seen.get(self.place, -SEEN_S) >= SEEN_S:
            self._head_bucket(self._client)
            _seen[self.place] = asked_at

    def _opener(self, key: str) -> Callable[[int, int], Stream]:
        def opened(first: int, length: int) -> Stream:
            if not length:
                return Stream(iter(()), lambda: None)
            with told_apart():
                said = self._client.get_object(**self._name(key), Range=f"bytes={first}-{first + length - 1}")
            body = said["Body"]
            return Stream(_pieces(body, length), body.close)

        return opened

    def put(self, key: str, file: IO[bytes], size: int, on_beat: Beat = no_beat) -> None:
        """Store ``size`` bytes of ``file`` (seekable); ``on_beat`` is called between the pieces and may raise.

        Returns when it can be read there. Raises UnableToReach("late") where that does not come.
        """
        self.send(key, file, size, on_beat)
        await_seen(lambda: (found := self.find(key)) is not None and found.size == size, key, on_beat)

    def send(self, key: str, file: IO[bytes], size: int, on_beat: Beat = no_beat) -> None:
        """As ``put``, but whether it can be read there already nobody has asked yet."""
        file.seek(0)
        if size <= PIECE_BYTES:
            self._send_small(key, file.read(size))
        else:
            self._send_pieces(key, file, on_beat)

    def _send_small(self, key: str, data: bytes) -> None:
        with told_apart():
            said = self._client.put_object(**self._name(key), Body=data)
        tag: str = said["ETag"].strip('"')
        # An encrypting service answers with a tag of its own: then what came there is read once more.
        if tag != hashlib.md5(data, usedforsecurity=False).hexdigest() and self.digest(key) != _sha256(data):
            self.delete(key)
            raise UnableToReach("refused", f"{key} differs")

    def _send_pieces(self, key: str, file: IO[bytes], on_beat: Beat) -> None:
        name = self._name(key)
        with told_apart():
            upload = self._client.create_multipart_upload(**name)["UploadId"]
        try:
            parts: list[dict[str, Any]] = []
            sums = b""
            while data := file.read(PIECE_BYTES):
                on_beat()
                sums += hashlib.md5(data, usedforsecurity=False).digest()
                number = len(parts) + 1
                with told_apart():
                    said = self._client.upload_part(**name, UploadId=upload, PartNumber=number, Body=data)
                parts.append({"PartNumber": number, "ETag": said["ETag"]})
            on_beat()
            with told_apart():
                self._client.complete_multipart_upload(**name, UploadId=upload, MultipartUpload={"Parts": parts})
        except BaseException:
            self._abort(name, upload)
            raise
        tag = f'"{hashlib.md5(sums, usedforsecurity=False).hexdigest()}-{len(parts)}"'
        await_seen(lambda: self.find(key) is not None, key, on_beat)
        found = self.find(key)
        if (found is None or found.etag != tag) and self.digest(key, on_beat) != _sha256_of(file, on_beat):
            self.delete(key)
            raise UnableToReach("refused", f"{key} differs")

    def _abort(self, name: dict[str, str], upload: str) -> None:
        """Pieces of what was not finished cost room that nobody sees."""
        with contextlib.suppress(OSError, UnableToStore), told_apart():  # what went wrong first is said
            self._client.abort_multipart_upload(**name, UploadId=upload)

    def digest(self, key: str, on_beat: Beat = no_beat) -> str:
        """SHA-256 of what lies there, read anew. Raises FileNotFoundError."""
        digest = hashlib.sha256()
        with told_apart():
            body = self._client.get_object(**self._name(key))["Body"]
            with body:
                for data in body.iter_chunks(PIECE_BYTES):
                    digest.update(data)
                    on_beat()
        return digest.hexdigest()

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Every file below ``prefix`` ("" or "…/"), in order of the keys."""
        start = len(self.place.prefix)
        with told_apart():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.place.bucket, Prefix=self.place.prefix + prefix
            )
            for page in pages:
                for each in page.get("Contents", []):
                    yield Entry(each["Key"][start:], each["Size"], each["LastModified"].timestamp())

    def folders(self, prefix: str) -> Iterator[str]:
        """The names of what lies directly below ``prefix`` and has something below itself."""
        whole = self.place.prefix + prefix
        with told_apart():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.place.bucket, Prefix=whole, Delimiter="/"
            )
            for page in pages:
                for each in page.get("CommonPrefixes", []):
                    yield each["Prefix"][len(whole) :].rstrip("/")

    def delete(self, key: str) -> None:
        """Nothing happens where there is nothing."""
        with told_apart():
            self._client.delete_object(**self._name(key))

    def delete_tree(self, key: str) -> None:
        """Delete a file, or everything below it."""
        keys = [self.place.prefix + key, *(self.place.prefix + entry.key for entry in self.entries(f"{key}/"))]
        for name in keys:  # one by one: the request for many needs a checksum that some services do not know
            with told_apart():
                self._client.delete_object(Bucket=self.place.bucket, Key=name)

    def delete_older(self, key: str, moment: float) -> None:
        """The same of what was stored until ``moment`` (Unix seconds, by the clock of the service)."""
        found = self.find(key)
        itself = [] if found is None else [Entry(key, found.size, found.modified)]
        for entry in [*itself, *self.entries(f"{key}/")]:
            if entry.modified <= moment:
                self.delete(entry.key)

    def abort_unfinished(self, moment: float) -> int:
        """Abort what was begun in pieces before ``moment`` (Unix seconds) and is still unfinished; returns how many.

        At most ABORTED_AT_ONCE: the next run finds the others.
        """
        with told_apart():
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.place.bucket, Prefix=self.place.prefix
            )
            begun = (each for page in pages for each in page.get("Uploads", []))
            old = list(islice((each for each in begun if each["Initiated"].timestamp() < moment), ABORTED_AT_ONCE))
        for each in old:
            with contextlib.suppress(FileNotFoundError), told_apart():  # finished, or aborted, this very moment
                self._client.abort_multipart_upload(
                    Bucket=self.place.bucket, Key=each["Key"], UploadId=each["UploadId"]
                )
        return len(old)

    def probe(self) -> None:
        """Ask whether the bucket is there and lets us in; in two seconds at most."""
        self._head_bucket(client(self.place, is_quick=True))

    def _head_bucket(self, by: Any) -> None:
        with told_apart():
            try:
                by.head_bucket(Bucket=self.place.bucket)
            except ClientError as error:
                if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
                    raise UnableToReach("no_bucket") from error
                raise

    def try_out(self) -> bool:
        """Write, read, list and delete a file of a few bytes; returns whether strangers can read it, too."""
        self.probe()
        key = f".probe/{secrets.token_hex(8)}"
        self.put(key, io.BytesIO(b"probe"), 5)
        try:
            if self.digest(key) != _sha256(b"probe") or key not in {entry.key for entry in self.entries(".probe/")}:
                raise UnableToReach("refused", "differs")
            try:
                client(self.place, is_quick=True, is_signed=False).get_object(**self._name(key))
            except (ClientError, BotoCoreError):
                return False
            return True
        finally:
            self.delete(key)


def await_seen(is_seen: Callable[[], bool], what: str, on_beat: Beat = no_beat) -> None:
    """Wait for what was stored to be there for readers, too. Raises UnableToReach("late")."""
    for wait in (*LATE_S, None):
        if is_seen():
            return
        if wait is None:
            raise UnableToReach("late", what)
        on_beat()
        time.sleep(wait)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha256_of(file: IO[bytes], on_beat: Beat) -> str:
    """Of the whole file, which is read anew: only a service with tags of its own makes that necessary."""
    file.seek(0)
    whole = hashlib.sha256()
    while data := file.read(PIECE_BYTES):
        on_beat()
        whole.update(data)
    return whole.hexdigest()


def _pieces(body: Any, length: int) -> Iterator[bytes]:
    left = length
    try:
        while left:
            with told_apart():
                data = body.read(min(READ_BYTES, left))
            if not data:
                raise UnableToReach("away", "cut off")
            left -= len(data)
            yield data
    finally:
        body.close()
