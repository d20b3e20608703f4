"""Relay credentials: made for one browser, refused when wrong or over, by a real coturn with the file of deploy/."""

import base64
import datetime as dt
import hashlib
import hmac
import os
import secrets
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from live.core.wire import protocol
from live.room import signalling
from live.room.connections import Connection
from live.room.turn import ice_servers
from tests.services import free_port

pytestmark = pytest.mark.integration
SECRET, MEDIA = "a-secret-that-coturn-shares", "10.9.8.7"
TEMPLATE = Path(__file__).resolve().parents[3] / "deploy" / "coturn.conf.in"
COOKIE = 0x2112A442
ALLOCATE, PERMIT = 0x0003, 0x0008
ERROR_CODE, REALM, NONCE = 0x0009, 0x0014, 0x0015


@pytest.fixture
def relays(settings: Any) -> None:
    settings.TURN_URLS, settings.TURN_SECRET, settings.TURN_TTL_S = ["turn:media.example:3478"], SECRET, 3600


def now() -> dt.datetime:
    return timezone.now()


class Phone:
    """Just enough of a TURN client (RFC 5766 over UDP): an allocation, and permission for one peer."""

    opened: list[socket.socket] = []

    def __init__(self, port: int, username: str, password: str) -> None:
        self.to, self.username, self.password = ("127.0.0.1", port), username, password
        self.realm = self.nonce = b""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        Phone.opened.append(self.socket)

    def ask(self, method: int, *attributes: tuple[int, bytes]) -> tuple[bool, int]:
        """Whether it was granted, and else the error's number."""
        given = list(attributes)
        if self.nonce:
            given += [(0x0006, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce)]
        body = b"".join(self.attribute(*one) for one in given)
        header = struct.pack("!HHI", method, len(body) + (24 if self.nonce else 0), COOKIE) + secrets.token_bytes(12)
        if self.nonce:
            key = hashlib.md5(b":".join((self.username.encode(), self.realm, self.password.encode()))).digest()
            body += self.attribute(0x0008, hmac.new(key, header + body, hashlib.sha1).digest())
        self.socket.sendto(header + body, self.to)
        data = self.socket.recv(4096)
        found = self.read(data[20:])
        self.realm, self.nonce = found.get(REALM, self.realm), found.get(NONCE, self.nonce)
        code = found.get(ERROR_CODE, b"\0\0\0\0")
        return struct.unpack("!H", data[:2])[0] == method | 0x0100, code[2] * 100 + code[3]

    @staticmethod
    def attribute(kind: int, value: bytes) -> bytes:
        return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)

    @staticmethod
    def read(data: bytes) -> dict[int, bytes]:
        found = {}
        while len(data) >= 4:
            kind, length = struct.unpack("!HH", data[:4])
            found[kind] = data[4 : 4 + length]
            data = data[4 + length + (-length % 4) :]
        return found

    def allocate(self) -> tuple[bool, int]:
        udp = (0x0019, bytes([17, 0, 0, 0]))
        assert self.ask(ALLOCATE, udp) == (False, 401)  # nobody is let in without a name; the answer holds the realm
        return self.ask(ALLOCATE, udp)

    def permit(self, peer: str) -> tuple[bool, int]:
        address = struct.pack("!BBHI", 0, 1, 0x2112, int.from_bytes(socket.inet_aton(peer)) ^ COOKIE)
        return self.ask(PERMIT, (0x0012, address))


@pytest.fixture
def coturn(tmp_path: Path) -> Iterator[int]:
    """A real turnserver on loopback, with the file that is installed."""
    port, text = free_port(), TEMPLATE.read_text(encoding="utf-8")
    for name, value in (("LISTEN_ADDRESS", "127.0.0.1"), ("DOMAIN", "classroom.example"), ("TURN_SECRET", SECRET),
                        ("MEDIA_ADDRESS", MEDIA)):  # fmt: skip
        text = text.replace(f"@{name}@", value)
    text = text.replace("listening-port=3478", f"listening-port={port}").replace("\nsyslog\n", "\nlog-file=stdout\n")
    (tmp_path / "turn.conf").write_text(text, encoding="utf-8")
    assert not [line for line in text.splitlines() if "@" in line and not line.startswith("#")]
    command = ["setpriv", "--pdeathsig", "KILL", "turnserver", "-c", str(tmp_path / "turn.conf"), "--no-stdout-log"]
    command += ["--pidfile", str(tmp_path / "pid"), "--userdb", str(tmp_path / "db")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            probe = Phone(port, "", "")
            probe.socket.settimeout(0.3)
            try:
                probe.ask(ALLOCATE)
            except OSError:
                time.sleep(0.1)
            else:
                break
        yield port
    finally:
        for one in Phone.opened:
            one.close()
        Phone.opened.clear()
        server.kill()
        server.wait()


def test_coturn_takes_what_we_make_and_nothing_else(coturn: int, relays: None) -> None:
    made = ice_servers(member_id=7, as_of=now())[0]
    phone = Phone(coturn, made["username"], made["credential"])
    assert phone.allocate() == (True, 0)
    assert phone.permit(MEDIA) == (True, 0)
    for peer in ("10.9.8.8", "127.0.0.1", "192.168.1.1", "169.254.169.254", "8.8.8.8"):
        assert phone.permit(peer) == (False, 403), peer
    assert Phone(coturn, made["username"], "wrong").allocate() == (False, 401)
    later = f"{int(time.time()) + 10**6}:7"
    assert Phone(coturn, later, made["credential"]).allocate() == (False, 401)
    over = ice_servers(member_id=7, as_of=now() - dt.timedelta(seconds=3602))[0]
    assert Phone(coturn, over["username"], over["credential"]).allocate() == (False, 401)


def test_credentials_name_their_end_and_the_member(relays: None) -> None:
    at = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
    made = ice_servers(member_id=7, as_of=at)[0]
    assert (made["urls"], made["username"]) == (["turn:media.example:3478"], f"{int(at.timestamp()) + 3600}:7")
    mac = hmac.new(SECRET.encode(), made["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(made["credential"]) == mac


def test_without_a_relay_nothing_is_said(settings: Any) -> None:
    settings.TURN_URLS = []
    assert ice_servers(member_id=7, as_of=now()) == []


class Told:
    """A process and its rooms in one: what a browser is told is kept."""

    def __init__(self) -> None:
        self.rooms, self.told = self, ""

    def tell(self, _connection: Connection, frame: str) -> None:
        self.told = frame


@pytest.mark.parametrize(("via", "relayed"), [("webrtc", True), ("hls", False), ("wait", False)])
def test_only_a_phone_on_webrtc_gets_them(relays: None, via: str, relayed: bool) -> None:
    here, connection = Told(), Connection(send=None, member_id=7, host=False)  # type: ignore[arg-type, call-arg]
    signalling._tell_way(here, connection, via)  # type: ignore[arg-type]
    assert ('"credential":' in here.told, f'"via":"{via}"' in here.told) == (relayed, True)


def test_they_fit_the_wire(relays: None) -> None:
    made = ice_servers(member_id=7, as_of=now())
    assert f'"username":"{made[0]["username"]}"' in protocol.encode(protocol.Media(via="webrtc", ice=made))
